# In the guest: a receiver and what makes a box of it. The clock begins 350 ms slow and 20 ppm fast.
. /settings

start_gpsd() {
    chmod 666 /dev/ttyS1  # gpsd gives up root
    gpsd -n -N -b /dev/ttyS1 $GPSD_PPS >> /tmp/gpsd 2>&1 &
    gpsd=$!
}

start_chronyd() {
    {
        echo "$REFCLOCK"
        echo "makestep 0.01 ${STEPS:-3}"
        echo "rtcsync"
        echo "logdir /tmp"
        echo "log refclocks tracking"
    } > /etc/chrony.conf
    rm -f /run/chrony/chronyd.pid
    chronyd -d -u root -f /etc/chrony.conf >> /tmp/chronyd 2>&1 &
    chronyd=$!
}

# By the words given, if any.
start_ntsboxd() {
    printf '%s\n' "pulse.lateness = '$LATENESS'" "pulse.latency_ns = ${LATENCY:-0}" > /etc/ntsbox/ntsboxd.toml
    "$@" ntsboxd >> /tmp/ntsboxd 2>&1 &
    ntsboxd=$!
}

# Until so many seconds since the receiver began.
until_second() {
    while [ "$(cut -d . -f 1 /proc/uptime)" -lt $((began + $1)) ]; do sleep 0.2; done
}

receiver --port /dev/ttyS1 --seconds "$LENGTH" --model "$MODEL" --wander "$WANDER" --seed "$SEED" $MORE > /tmp/receiver &
receiver=$!
began=$(cut -d . -f 1 /proc/uptime)
sleep 1

finish() {
    wait $receiver
    chronyc -n sources > /tmp/sources
    chronyc -n tracking > /tmp/tracking
    chronyc -n sourcestats > /tmp/sourcestats
    cp /run/ntsbox/status.json /tmp/status.json
}
