-- Deployments whose replicas are to be scraped. Their annotations say so: JSON without spaces, where a
-- quote within a value is escaped, so that this text can be nothing but that pair. A query must
-- spell the condition in the same way (store/scrape_targets.c).
CREATE INDEX deployments_scrape ON deployments (cluster, name)
    WHERE instr(annotations, '"prometheus.io/scrape":"true"') > 0;
