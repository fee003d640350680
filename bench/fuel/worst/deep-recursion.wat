;; Two functions that call each other, 3000 deep, again and again.
(module
  (func $even (param $depth i32) (result i32)
    (if (result i32) (local.get $depth)
      (then (i32.add (call $odd (i32.sub (local.get $depth) (i32.const 1))) (i32.const 3)))
      (else (i32.const 1))))
  (func $odd (param $depth i32) (result i32)
    (if (result i32) (local.get $depth)
      (then (i32.xor (call $even (i32.sub (local.get $depth) (i32.const 1))) (local.get $depth)))
      (else (i32.const 2))))
  (func (export "run") (result i32) (local $left i32) (local $sum i32)
    (local.set $left (i32.const 1200))
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (call $even (i32.const 3000))))
      (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (local.get $sum)))
