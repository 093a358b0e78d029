# In the guest: gpsd on the serial port, ntsboxd on gpsd and the kernel's PPS, chronyd on ntsboxd. The clock begins 350 ms
# slow and 20 ppm fast.
. /settings
receiver --port /dev/ttyS1 --seconds "$LENGTH" --model "$MODEL" --wander "$WANDER" --seed "$SEED" $MORE > /tmp/receiver &
receiver=$!
sleep 1
chmod 666 /dev/ttyS1  # gpsd gives up root
gpsd -n -N -b /dev/ttyS1 > /tmp/gpsd 2>&1 &
{
    echo "$REFCLOCK"
    echo "makestep 0.01 3"
    echo "rtcsync"
    echo "logdir /tmp"
    echo "log refclocks tracking"
} > /etc/chrony.conf
chronyd -d -u root -f /etc/chrony.conf > /tmp/chronyd 2>&1 &
echo "pulse.lateness = '$LATENESS'" > /etc/ntsbox/ntsboxd.toml
ntsboxd > /tmp/ntsboxd 2>&1 &
wait $receiver
chronyc -n sources > /tmp/sources
chronyc -n tracking > /tmp/tracking
chronyc -n sourcestats > /tmp/sourcestats
cp /run/ntsbox/status.json /tmp/status.json
