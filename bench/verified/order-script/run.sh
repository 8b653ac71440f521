#!/bin/sh
exec python --version
