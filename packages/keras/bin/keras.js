#!/usr/bin/env node
// Not the built file itself: package managers link commands at installation, before anything is built in a clone.
import '../dist/cli.js';
