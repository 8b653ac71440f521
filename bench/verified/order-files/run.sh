#!/bin/sh
exec cat /data/pages/one.html
