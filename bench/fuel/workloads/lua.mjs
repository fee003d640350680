import { repeat } from '../data.mjs';

const PROGRAM = `
local function queens(n)
  local count, columns, up, down = 0, {}, {}, {}
  local function place(row)
    if row > n then count = count + 1 return end
    for i = 1, n do
      if not columns[i] and not up[row + i] and not down[row - i + n] then
        columns[i], up[row + i], down[row - i + n] = true, true, true
        place(row + 1)
        columns[i], up[row + i], down[row - i + n] = nil, nil, nil
      end
    end
  end
  place(1)
  return count
end
local list, x = {}, 42
for i = 1, 15000 do x = (x * 1103515245 + 12345) % 2147483648 list[i] = x % 100000 end
table.sort(list)
local sum = 0
for i = 1, #list, 7 do sum = (sum * 31 + list[i]) % 1000000007 end
local words = {}
for word in (("the quick brown fox jumps over the lazy dog "):rep(1000)):gmatch("%a+") do words[word] = (words[word] or 0) + 1 end
local parts = {}
for i = 1, 10000 do parts[#parts + 1] = string.format("%d:%x", i, i * 7) end
local _, ones = table.concat(parts, ","):gsub("1", "")
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
return queens(7) .. ":" .. sum .. ":" .. words.the .. ":" .. ones .. ":" .. fib(22)`;

/** Lua 5.4: sorting, tables, strings, recursion. C, Emscripten. */
export default {
  name: 'lua',
  kind: 'interpreter',
  packages: ['wasmoon@1.16.0'],
  async load({ commonJs, path }) {
    const { LuaFactory } = commonJs('wasmoon');
    const lua = await new LuaFactory(path('wasmoon/dist/glue.wasm')).createEngine();
    return () => repeat(6, () => String(lua.doStringSync(PROGRAM)));
  },
};
