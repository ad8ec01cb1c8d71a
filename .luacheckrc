std = "lua54"
max_line_length = 120
exclude_files = { "build/" }
files["spec/"] = { ignore = { "212/self" } }
files["lua/relucid/meta.lua"] = { ignore = { "211", "212", "241", "431" } } -- declarations for editors: nothing runs
