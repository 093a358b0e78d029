#!/bin/sh
# Lets this machine's chrony take authenticated time from @SERVER@. It reads no other file of the bundle: all that it
# installs is in this script, which the hash of the bundle covers. Compare that hash before you run this.
set -eu

usage() {
    cat << 'USAGE'
use: sh install.sh [--offline] [--server NAME|IP]
     sh install.sh --remove

  --offline   do not prove that the server answers before changing anything
  --server    another name or address of the server; its certificate must have it
  --remove    remove what this script installed
USAGE
}

die() {
    echo "install.sh: $1" >&2
    exit "${2:-1}"
}

box='@SERVER@'
check='@CHECK@' # empty, or a directive that chronyd needs on a machine without a clock
files='@FILES@'
put_certificates() {
@CERTIFICATES@
}
describe() {
    cat << 'WORDS'
@WORDS@
WORDS
}

offline='' remove='' server=$box
while [ $# -gt 0 ]; do
    case $1 in
        --offline) offline=1 ;;
        --remove) remove=1 ;;
        --server)
            [ $# -ge 2 ] || die "$1 needs a value" 2
            server=$2
            shift
            ;;
        --help) usage && exit 0 ;;
        *) usage >&2 && exit 2 ;;
    esac
    shift
done
case $server in
    '' | [.:-]* | *..* | *[!A-Za-z0-9.:-]*) die "--server: '$server' is no name and no address" 2 ;;
esac
[ "$(id -u)" = 0 ] || die "needs root" 77
umask 022

etc=/etc/chrony
trusted=$etc/nts/trusted/$box
conf=$etc/conf.d/ntsbox-$box.conf
sources=$etc/sources.d/ntsbox-$box.sources

restart() {
    [ -d /run/systemd/system ] || return 0
    # A restart, since chronyd reads a new ntstrustedcerts only then, and after a failed handshake waits 17 minutes and more.
    for unit in chrony.service chronyd.service; do
        if systemctl cat "$unit" > /dev/null 2>&1; then
            systemctl restart "$unit"
            return
        fi
    done
    echo "restart chronyd now"
}

if [ -n "$remove" ]; then
    rm -f "$sources" "$conf"
    rm -rf "$trusted"
    restart
    echo "$box is no longer trusted"
    exit 0
fi
describe

# What this machine's chrony can do, and whether it will read what is installed.
command -v chronyd > /dev/null || die "chrony is not installed. Hint: install the package chrony" 6
main=/etc/chrony/chrony.conf
[ -f "$main" ] || main=/etc/chrony.conf
[ -f "$main" ] || die "there is neither /etc/chrony/chrony.conf nor /etc/chrony.conf" 6
missing=''
for line in "confdir /etc/chrony/conf.d" "sourcedir /etc/chrony/sources.d"; do
    grep -Eqi "^[[:space:]]*${line% *}([[:space:]].*)?[[:space:]]${line#* }/?([[:space:]]|\$)" "$main" ||
        missing="$missing
  $line"
done
[ -z "$missing" ] || die "$main does not have what follows. Hint: add that to it, then again$missing"

# The set of certificates that is for this server alone: the one it has, or the first that nobody uses.
certset=$(sed -n 's/^ntstrustedcerts \([0-9]*\) .*/\1/p' "$conf" 2> /dev/null | head -n 1)
used() {
    cat "$main" "$etc"/conf.d/*.conf "$etc"/sources.d/*.sources 2> /dev/null |
        grep -Eq "(ntstrustedcerts[[:space:]]+|certset[[:space:]]+)$1([[:space:]]|\$)"
}
if [ -z "$certset" ]; then
    certset=1
    while used "$certset"; do certset=$((certset + 1)); done
fi

# The certificates are written beside their place first; chronyd may read them nowhere else (AppArmor).
mkdir -p "$etc/nts/trusted" "$etc/conf.d" "$etc/sources.d"
fresh=$etc/nts/trusted/.$box.new
rm -rf "$fresh"
trap 'rm -rf "$fresh"' EXIT
trap 'exit 130' INT TERM
mkdir "$fresh"
put_certificates "$fresh"

line="server $server iburst nts certset $certset minpoll 4 maxpoll 6 xleave"
if [ -z "$offline" ]; then
    echo "asking $server for authenticated time"
    for user in _chrony chrony; do
        if [ ! -d /run/chrony ] && id "$user" > /dev/null 2>&1; then install -d -m 0700 -o "$user" /run/chrony; fi
    done
    if ! said=$(chronyd -Q -t 15 'port 0' 'cmdport 0' 'pidfile /run/chrony/ntsbox-proof.pid' "${check:-nocerttimecheck 0}" \
        "ntstrustedcerts $certset $fresh" "$line maxsamples 1" 2>&1); then
        printf '%s\n' "$said" >&2
        die "$server did not give authenticated time; nothing was changed (--offline installs without asking it)" 5
    fi
fi

put() {
    cat > "$1.new"
    mv -f "$1.new" "$1"
}

# New certificates come before the old ones go.
mkdir -p "$trusted"
for file in $files; do mv -f "$fresh/$file" "$trusted/"; done
{
    echo "ntstrustedcerts $certset /etc/chrony/nts/trusted/$box"
    [ -z "$check" ] || echo "$check"
} | put "$conf"
echo "$line" | put "$sources"
for file in "$trusted"/*; do
    case " $files " in *" ${file##*/} "*) ;; *) rm -f "$file" ;; esac
done
restart
echo "$server is trusted now; look with: chronyc -N authdata"
[ -z "$check" ] || echo "$check holds for every NTS server of this machine until chronyd has set the clock once"
