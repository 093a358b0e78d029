# In the guest: a box whose ntsboxd is held as its unit has it: by its AppArmor profile, as Debian's kernel enforces it, by the
# system calls that it may make, and without a capability.
. /box.sh
mount -t securityfs securityfs /sys/kernel/security
dd if=/profile of=/sys/kernel/security/apparmor/.load bs=1M
cat /sys/kernel/security/apparmor/profiles > /tmp/profiles
start_gpsd
start_chronyd
while ! [ -S /run/chrony.ntsbox.sock ]; do sleep 0.1; done
# As udev, systemd and ntsbox-provision do it.
chown 104 /dev/pps0 /run/chrony.ntsbox.sock /run/ntsbox /var/lib/ntsbox
start_ntsboxd sandbox 104 /filter ntsboxd
until_second 60
cat /proc/$ntsboxd/attr/current > /tmp/profile
cat /proc/$ntsboxd/status > /tmp/process
dmesg | grep 'apparmor="DENIED"' > /tmp/denied
# And that it holds.
sandbox 104 /filter ntsboxd ntsboxd --replay /scenario > /tmp/forbidden 2>&1
taskset 1 true && sandbox 104 /filter unconfined taskset 1 true > /tmp/forbidden_call 2>&1
finish
