# In the guest: a box and nothing else.
. /box.sh
start_gpsd
start_chronyd
start_ntsboxd
finish
