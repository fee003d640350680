;; Collatz sequences: both ways of a branch are short, and no predictor knows which comes next.
(module
  (func (export "run") (result i32) (local $from i32) (local $value i32) (local $steps i32)
    (local.set $from (i32.const 70000))
    (loop $numbers
      (local.set $value (local.get $from))
      (loop $next
        (if (i32.and (local.get $value) (i32.const 1))
          (then (local.set $value (i32.add (i32.mul (local.get $value) (i32.const 3)) (i32.const 1))))
          (else (local.set $value (i32.shr_u (local.get $value) (i32.const 1)))))
        (local.set $steps (i32.add (local.get $steps) (i32.const 1)))
        (br_if $next (i32.gt_u (local.get $value) (i32.const 1))))
      (br_if $numbers (i32.gt_u (local.tee $from (i32.sub (local.get $from) (i32.const 1))) (i32.const 1))))
    (local.get $steps)))
