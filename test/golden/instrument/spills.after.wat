;; Written by: BLESS=1 npx vitest run test/runtime/instrument/golden.test.ts
(module
  (type (;0;) (func (param i32)))
  (import "env" "log" (func $log (type 0)))
  (import "cellblock:meter" "fuel" (global (;0;) (mut i64)))
  (import "cellblock:meter" "pages" (global (;1;) (mut i32)))
  (import "cellblock:meter" "elements" (global (;2;) (mut i32)))
  (func $some (type 0) (param i32)
    (local i64)
    global.get 0
    i64.const 29
    i64.sub
    global.set 0
    global.get 0
    i64.const 0
    i64.lt_s
    if  ;; label = @1
      unreachable
    end
    global.get 0
    local.set 1
    loop  ;; label = @1
      local.get 0
      i32.const 255
      i32.and
      i32.eqz
      if  ;; label = @2
        local.get 0
        local.get 1
        global.set 0
        call 0
        global.get 0
        local.set 1
      end
      local.get 0
      i32.const 1
      i32.sub
      local.tee 0
      if  ;; label = @2
        local.get 1
        i64.const 28
        i64.sub
        local.tee 1
        i64.const 0
        i64.ge_s
        br_if 1 (;@1;)
        local.get 1
        global.set 0
        unreachable
      end
    end
    local.get 1
    global.set 0)
  (func $each (type 0) (param i32)
    loop  ;; label = @1
      global.get 0
      i64.const 41
      i64.sub
      global.set 0
      global.get 0
      i64.const 0
      i64.lt_s
      if  ;; label = @2
        unreachable
      end
      local.get 0
      call 0
      local.get 0
      i32.const 1
      i32.sub
      local.tee 0
      br_if 0 (;@1;)
    end)
  (export "some" (func 1))
  (export "each" (func 2)))
