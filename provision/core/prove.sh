# Proves that SERVER gives authenticated time to whoever trusts the certificates on standard input, and nothing else.
# The clock is left alone and nothing stays behind: what chronyd reads and writes is in memory that these processes alone
# see, at the places that its AppArmor profile allows. To be run in a mount namespace of its own.
#
#   prove.sh SERVER SECONDS [here] [any-date]
#
# here: SERVER is this machine itself. any-date: this machine has no clock yet, so no date is checked.
#
# Prints what chronyd says. Exit status: 0 proven, 3 authenticated but no good time came, 126 could not be tried,
# any other: not proven.
set -u
server=$1
seconds=$2
umask 022
command -v chronyd > /dev/null || exit 126
place=/etc/chrony
[ -d "$place" ] || place=/mnt # where Debian's layout, and with it that profile, is not
mount -t tmpfs -o mode=0755 ntsbox "$place" && cd "$place" && cat > trusted.crt || exit 126
mkdir -p /run/chrony && mount -t tmpfs -o mode=0700 ntsbox /run/chrony && chown _chrony: /run/chrony || exit 126
case " $* " in *" here "*)
    echo "127.0.0.1 $server" > hosts && mount --bind hosts /etc/hosts || exit 126 ;;
esac
check="nocerttimecheck 0"
case " $* " in *" any-date "*) check="nocerttimecheck 1" ;; esac
ask() {
    exec chronyd "$@" "port 0" "cmdport 0" "$check" "ntstrustedcerts 1 $place/trusted.crt" \
        "server $server iburst maxsamples 1 nts certset 1" > log 2>&1
}
: > log
refused() {
    grep -q 'failed :' log
}

ask -Q -t "$seconds" &
asking=$!
while kill -0 "$asking" 2> /dev/null && ! refused; do sleep 0.2; done
refused && kill "$asking" 2> /dev/null
wait "$asking"
status=$?
cat log
refused && exit 1
[ "$status" = 0 ] && exit 0
grep -q 'Could not' log && exit 1

# No complaint and no measurement: are there cookies? A chronyd that only watches (-x) can be asked.
ask -x -d &
asking=$!
status=1
for _ in 1 2 3 4 5 6 7 8; do
    sleep 0.5
    # The cookies are the ninth word (chronyc -c authdata).
    cookies=$(chronyc -c -N authdata 2> /dev/null | cut -d , -f 9)
    if [ "${cookies:-0}" -gt 0 ]; then
        status=3
        break
    fi
done
kill "$asking"
wait "$asking"
exit "$status"
