-- What Lua makes of its system: files, pipes, time, environment, a heap that grows and is collected, coroutines.
local function say(...)
	local t = table.pack(...)
	for i = 1, t.n do t[i] = tostring(t[i]) end
	io.write(table.concat(t, " "), "\n")
end
local t = {}
for i = 1, 200000 do t[i] = ("%05d"):format(i * 7919 % 100000) end
table.sort(t)
say(t[1], t[100000], t[200000], #t)
t = nil
collectgarbage()
local co = coroutine.wrap(function() for i = 1, 5 do coroutine.yield(i * i) end end)
say(co(), co(), co())
local name = os.tmpname()
local f = assert(io.open(name, "w"))
f:setvbuf("full")
for i = 1, 1000 do f:write(i, "\n") end
f:close()
local sum = 0
for line in io.lines(name) do sum = sum + tonumber(line) end
say("sum", sum)
f = assert(io.open(name, "r+"))
f:seek("set", 10); f:write("XX"); f:seek("set", 8); say((f:read(6):gsub("\n", "/"))); say(f:seek("end"))
f:close()
assert(os.rename(name, name .. ".b")); say(tostring(io.open(name)))
assert(os.remove(name .. ".b")); say(select(3, os.remove(name .. ".b")))
local p = io.popen("echo from a pipe; exit 3")
say(p:read("a"):gsub("\n", ""), select(3, p:close()))
say(select(3, os.execute("exit 7")), select(2, os.execute("kill -9 $$")))
say(os.getenv("HOME") or "-", os.getenv("NOTHING_SUCH") or "-")
say(os.date("!%Y-%m-%d %H:%M:%S", 86400 * 366), os.time{year = 2000, month = 1, day = 1, hour = 12, isdst = false} > 0)
say(pcall(error, {code = 1}) and "?" or "caught", select(2, pcall(function() local x = nil; return x.y end)))
local deep = 0
local function down() deep = deep + 1; return 1 + down() end
say(pcall(down) and "?" or "stack overflow caught", deep > 1000 and "deep" or deep)
local s = string.rep("abc", 100000)
say(#s:gsub("b", "BB"), s:find("cab", 1000, true), ("%q"):format("a\nb\0c"))
local start = os.clock(); for i = 1, 2e6 do local _ = i % 3 end; say(os.clock() >= start and "clock goes" or "clock stands")
