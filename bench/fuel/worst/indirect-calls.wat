;; Tiny functions called through a table, a different one each turn.
(module
  (type $step (func (param i32) (result i32)))
  (table 4 funcref)
  (elem (i32.const 0) $add $mix $shift $both)
  (func $add (type $step) (i32.add (local.get 0) (i32.const 7)))
  (func $mix (type $step) (i32.xor (local.get 0) (i32.const 0x5bd1e995)))
  (func $shift (type $step) (i32.rotl (local.get 0) (i32.const 5)))
  (func $both (type $step) (i32.sub (i32.mul (local.get 0) (i32.const 3)) (i32.const 1)))
  (func (export "run") (result i32) (local $left i32) (local $value i32)
    (local.set $left (i32.const 8000000))
    (loop $next
      (local.set $value (call_indirect (type $step) (local.get $value) (i32.and (local.get $left) (i32.const 3))))
      (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (local.get $value)))
