#!/usr/bin/env lua5.4
-- The command `relucid`; see relucid.cli.
os.exit(require("relucid.cli").main(arg), true)
