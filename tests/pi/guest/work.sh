#!/bin/sh
# work.sh DIARY FROM: people come and go, doors open and lock, as fast as lockd takes it. The diary lies
# outside of the machine: what is in it has been acknowledged, "+ N" an enrolment, "- N" the wish to end it.
diary=$1 person=$2
call() { busctl --timeout=40 call org.lockd1 /org/lockd1 "org.lockd1.$@" >/dev/null 2>&1; }
while :; do
    person=$((person + 1))
    slot=$((person % 50 + 1))
    tens=$((48 + slot / 10)) ones=$((48 + slot % 10))
    echo "- $slot" >>"$diary"
    call Users ClearCredential su PIN $slot
    call Users SetCredential 'ssuayua{sv}' Add PIN $slot 6 49 50 51 52 $tens $ones 0 0 && echo "+ $slot" >>"$diary"
    call Lock UnlockDoor 'a{sv}' 0
    call Lock LockDoor 'a{sv}' 0
done
