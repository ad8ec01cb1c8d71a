local lu = require "luaunit"
local core = require "relucid.core"
local support = require "spec.support"

local T = {}

-- Everything that it writes until its end.
local function all_of(process)
  local parts = {}
  while true do
    core.poll({ process }, 5)
    local text = process:receive()
    if not text then return table.concat(parts) end
    parts[#parts + 1] = text
  end
end

function T.test_talks_both_ways()
  local process <close> = core.process { "cat" }
  local text = ("0123456789abcdef\n"):rep(20000)
  local seen, at = {}, 1
  while at <= #text do
    process:send(text:sub(at, at + 9999))
    at = at + 10000
    core.poll({ process }, 5)
    seen[#seen + 1] = process:receive()
  end
  process:finish()
  seen[#seen + 1] = all_of(process)
  lu.assertTrue(table.concat(seen) == text)
  lu.assertEquals({ process:wait() }, { "exit", 0 })
  lu.assertEquals({ process:wait() }, { "exit", 0 })
end

function T.test_how_it_ended()
  local ended <close> = core.process { "sh", "-c", "exit 7" }
  lu.assertEquals({ ended:wait() }, { "exit", 7 })
  lu.assertNil(all_of(ended):match ".")
  local killed <close> = core.process { "cat" }
  killed:kill()
  lu.assertEquals({ killed:wait() }, { "signal", 9 })
  support.raises_with(("process %d: "):format(killed.pid), function() for _ = 1, 100 do killed:send("x\n") end end)
  local none <close> = core.process { "/no/such/command" }
  lu.assertEquals({ none:wait() }, { "exit", 127 })
end

-- A child does not outlive a parent that is killed, nor keep it from ending.
function T.test_ends_with_its_parent()
  local script = [[local core = require "relucid.core"
    local child = core.process { "sleep", "1000" }
    io.write(child.pid, "\n") io.flush()
    os.execute("kill -9 $PPID")]]
  local parent <close> = core.process { arg[-1] or "lua5.4", "-e", script }
  local pid = all_of(parent):match "%d+"
  lu.assertEquals({ parent:wait() }, { "signal", 9 })
  for _ = 1, 100 do
    if not support.read(("/proc/%s/status"):format(pid)) then return end
    if support.read(("/proc/%s/status"):format(pid)):match "State:%s*Z" then return end -- nobody waits for it
    os.execute "sleep 0.02"
  end
  lu.fail "the child lives on"
end

function T.test_poll_waits_no_longer_than_asked()
  local silent <close> = core.process { "cat" }
  local started = core.now()
  lu.assertEquals(core.poll({ silent }, 0.05), {})
  lu.assertTrue(core.now() - started < 2)
  silent:send "x\n"
  local other <close> = core.process { "cat" }
  lu.assertEquals(core.poll({ other, silent }, 5), { 2 })
  lu.assertEquals(silent:receive(), "x\n")
  lu.assertEquals(silent:receive(), "")
  lu.assertEquals(tostring(silent), "process " .. silent.pid)
end

function T.test_refuses()
  support.raises("words: list expected, got nil", core.process, nil)
  support.raises("words: has 0 words, expected 1 to 1000", core.process, {})
  support.raises("words[2] is 3, expected a string", core.process, { "cat", 3 })
  support.raises("processes: list expected, got nil", core.poll, nil)
  support.raises("process: relucid.process expected, got number", core.poll, { 1 }, 0)
end

function T.test_machine_and_hash()
  local machine = core.machine()
  lu.assertTrue(math.type(machine.cores) == "integer" and machine.cores >= 1)
  lu.assertEquals(type(machine.host), "string")
  lu.assertEquals(core.sha256 "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
end

return T
