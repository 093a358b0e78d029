# In the guest: a box whose ntsboxd is held by its AppArmor profile, as Debian's kernel enforces it.
. /box.sh
mount -t securityfs securityfs /sys/kernel/security
dd if=/profile of=/sys/kernel/security/apparmor/.load bs=1M
cat /sys/kernel/security/apparmor/profiles > /tmp/profiles
start_gpsd
start_chronyd
start_ntsboxd ntsboxd
until_second 60
cat /proc/$ntsboxd/attr/current > /tmp/profile
dmesg | grep 'apparmor="DENIED"' > /tmp/denied
# And that it holds.
sh -c 'echo "exec ntsboxd" > /proc/self/attr/exec; exec ntsboxd --replay /scenario' > /tmp/forbidden 2>&1
finish
