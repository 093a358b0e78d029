# In the guest: a box by the files that ntsbox-provision made, and no settings of the scenario's own.
. /box.sh
chmod 666 /dev/ttyS1  # gpsd gives up root
. /etc/ntsbox/gpsd.env
gpsd -N $GPSD_OPTIONS $DEVICES > /tmp/gpsd 2>&1 &
mkdir -p /var/log/chrony
chronyd -d -u root > /tmp/chronyd 2>&1 &
ntsboxd > /tmp/ntsboxd 2>&1 &
until_second $((LENGTH - 5))
netstat -ltun > /tmp/listening
finish
