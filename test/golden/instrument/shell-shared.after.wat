;; Written by: BLESS=1 npx vitest run test/runtime/instrument/golden.test.ts
(module
  (type (;0;) (func (param i32)))
  (type (;1;) (func (param i32) (result i32)))
  (type (;2;) (func))
  (type (;3;) (func (param i32) (result i32)))
  (type (;4;) (func (param funcref i32) (result i32)))
  (import "env" "base" (global (;0;) i32))
  (import "env" "log" (func $log (type 0)))
  (import "cellblock:meter" "fuel" (global (;1;) (mut i64)))
  (import "cellblock:meter" "pages" (global (;2;) (mut i32)))
  (import "cellblock:meter" "elements" (global (;3;) (mut i32)))
  (func $run (type 1) (param i32) (result i32)
    global.get 1
    i64.const 2231
    i64.sub
    global.set 1
    global.get 1
    i64.const 0
    i64.lt_s
    if  ;; label = @1
      unreachable
    end
    global.get 4
    global.get 0
    i32.add
    global.set 4
    i32.const 0
    i32.const 0
    local.get 0
    call 3
    memory.fill
    i32.const 0
    i32.const 0
    i32.const 100
    memory.fill
    i32.const 0
    i32.const 1
    i32.const 1
    call 4
    table.copy
    ref.null func
    i32.const 1
    call 5
    drop
    local.get 0
    call 6
    call 0
    global.get 4)
  (func $begin (type 2))
  (func (;3;) (type 3) (param i32) (result i32)
    global.get 1
    local.get 0
    i64.extend_i32_u
    i64.const 63
    i64.add
    i64.const 6
    i64.shr_u
    i64.sub
    global.set 1
    global.get 1
    i64.const 0
    i64.lt_s
    if  ;; label = @1
      unreachable
    end
    local.get 0)
  (func (;4;) (type 3) (param i32) (result i32)
    global.get 1
    local.get 0
    i64.extend_i32_u
    i64.const 32
    i64.mul
    i64.sub
    global.set 1
    global.get 1
    i64.const 0
    i64.lt_s
    if  ;; label = @1
      unreachable
    end
    local.get 0)
  (func (;5;) (type 4) (param funcref i32) (result i32)
    (local i32)
    local.get 1
    global.get 3
    i32.gt_u
    if  ;; label = @1
      i32.const -1
      return
    end
    local.get 0
    local.get 1
    table.grow 0
    local.tee 2
    i32.const -1
    i32.eq
    if  ;; label = @1
      i32.const -1
      return
    end
    global.get 3
    local.get 1
    i32.sub
    global.set 3
    global.get 1
    local.get 1
    i64.extend_i32_u
    i64.const 32
    i64.mul
    i64.sub
    global.set 1
    global.get 1
    i64.const 0
    i64.lt_s
    if  ;; label = @1
      unreachable
    end
    local.get 2)
  (func (;6;) (type 3) (param i32) (result i32)
    (local i32)
    local.get 0
    global.get 2
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
    global.get 2
    local.get 0
    i32.sub
    global.set 2
    global.get 1
    local.get 0
    i64.extend_i32_u
    i64.const 16384
    i64.mul
    i64.sub
    global.set 1
    global.get 1
    i64.const 0
    i64.lt_s
    if  ;; label = @1
      unreachable
    end
    local.get 1)
  (table (;0;) 2 100 funcref)
  (memory (;0;) 1 16)
  (global (;4;) (mut i32) (global.get 0))
  (export "own" (global 4))
  (export "run" (func 1))
  (export "cellblock:start" (func 2))
  (elem (;0;) (i32.const 0) func 0)
  (data (;0;) (global.get 0) "hello"))
