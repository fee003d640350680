;; Written by: BLESS=1 npx vitest run test/runtime/instrument/golden.test.ts
(module
  (type (;0;) (func (param i32)))
  (type (;1;) (func (param i32) (result i32)))
  (import "cellblock:meter" "fuel" (global (;0;) (mut i64)))
  (import "cellblock:meter" "pages" (global (;1;) (mut i32)))
  (import "cellblock:meter" "elements" (global (;2;) (mut i32)))
  (func $switch (type 0) (param i32)
    block  ;; label = @1
      block  ;; label = @2
        local.get 0
        br_table 0 (;@2;) 1 (;@1;)
      end
      global.get 0
      i64.const 1027
      i64.sub
      global.set 0
      global.get 0
      i64.const 0
      i64.lt_s
      if  ;; label = @2
        unreachable
      end
      i32.const 0
      call 1
      drop
    end
    i32.const 1
    local.set 0)
  (func (;1;) (type 1) (param i32) (result i32)
    (local i32)
    local.get 0
    global.get 1
    i32.gt_u
    if  ;; label = @1
      i32.const -1
      return
    end
    local.get 0
    memory.grow
    local.tee 1
    i32.const -1
    i32.eq
    if  ;; label = @1
      i32.const -1
      return
    end
    global.get 1
    local.get 0
    i32.sub
    global.set 1
    global.get 0
    local.get 0
    i64.extend_i32_u
    i64.const 16384
    i64.mul
    i64.sub
    global.set 0
    global.get 0
    i64.const 0
    i64.lt_s
    if  ;; label = @1
      unreachable
    end
    local.get 1)
  (memory (;0;) 1 65536)
  (export "switch" (func 0)))
