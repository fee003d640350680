;; The tightest useful loop: load, add, step, compare.
(module
  (memory 1)
  (func (export "run") (result i32) (local $round i32) (local $at i32) (local $sum i32)
    (local.set $round (i32.const 2000))
    (loop $fill
      (i32.store (local.get $at) (i32.mul (local.get $at) (i32.const 7)))
      (br_if $fill (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 65536))))
    (loop $rounds
      (local.set $at (i32.const 0))
      (loop $next
        (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $at))))
        (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 65536))))
      (br_if $rounds (local.tee $round (i32.sub (local.get $round) (i32.const 1)))))
    (local.get $sum)))
