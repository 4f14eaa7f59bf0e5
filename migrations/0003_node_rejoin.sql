-- Until then the join token may register this name once more; 0 = it may not.
ALTER TABLE nodes ADD COLUMN rejoin_until_ms INTEGER NOT NULL DEFAULT 0
    CHECK (rejoin_until_ms >= 0);
