# packages.sh: the Debian packages Dogshore builds, runs and is tested with. Sourced.
# packages_install installs what is missing (needs root or sudo for that, and for nothing else).

DOGSHORE_BUILD_PACKAGES=(gcc cmake ninja-build pkg-config libmicrohttpd-dev libsqlite3-dev
    libcjson-dev libcurl4-openssl-dev libsodium-dev libcriterion-dev)
DOGSHORE_RUN_PACKAGES=(curl jq python3 procps)
DOGSHORE_CHECK_PACKAGES=(clang-format python3-yaml)

packages_install() {
    local package missing=() sudo=()
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' ||
            missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    echo "Installing Debian packages: ${missing[*]}"
    if ((EUID != 0)); then
        command -v sudo >/dev/null || {
            echo "These packages are missing and this is not root: apt-get install ${missing[*]}" >&2
            return 1
        }
        sudo=(sudo)
    fi
    "${sudo[@]}" apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq "${missing[@]}" >/dev/null
}
