;; Written by: BLESS=1 npx vitest run test/runtime/instrument/golden.test.ts
(module
  (type (;0;) (func (param i32)))
  (import "cellblock:meter" "fuel" (global (;0;) (mut i64)))
  (import "cellblock:meter" "pages" (global (;1;) (mut i32)))
  (import "cellblock:meter" "elements" (global (;2;) (mut i32)))
  (func $release (type 0) (param i32)
    local.get 0
    local.get 0
    i32.load
    i32.const 1
    i32.sub
    i32.store
    local.get 0
    i32.load
    i32.eqz
    if  ;; label = @1
      global.get 0
      i64.const 37
      i64.sub
      global.set 0
      global.get 0
      i64.const 0
      i64.lt_s
      if  ;; label = @2
        unreachable
      end
      local.get 0
      call 1
    end)
  (func $free (type 0) (param i32)
    local.get 0
    i32.load offset=4
    call 0
    local.get 0
    i32.load offset=8
    call 0
    local.get 0
    i32.const 0
    i32.store offset=4
    local.get 0
    i32.const 0
    i32.store offset=8)
  (func $run (type 0) (param i32)
    local.get 0
    call 0)
  (memory (;0;) 1 65536)
  (export "run" (func 2)))
