# In the guest: what happens to a box in a bad year, within seven minutes. (Of the receiver's own faults, see faults_test.py.)
. /box.sh
start_gpsd
start_chronyd
start_ntsboxd
until_second 140
kill -9 $chronyd
sleep 2
start_chronyd
until_second 170
kill -9 $gpsd
sleep 2
start_gpsd
until_second 400
cp /run/ntsbox/status.json /tmp/recovered.json
until_second 402
date -s "@$(($(date +%s) + 2))" > /dev/null
finish
