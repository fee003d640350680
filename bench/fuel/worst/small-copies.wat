;; Copies of 1 to 16 bytes whose length is not a constant: each is charged by its length, before it is done.
(module
  (memory 1)
  (func (export "run") (result i32) (local $left i32) (local $at i32)
    (local.set $left (i32.const 3000000))
    (i32.store (i32.const 64) (i32.const 12345))
    (loop $next
      (local.set $at (i32.and (i32.mul (local.get $left) (i32.const 40)) (i32.const 0x7fff)))
      (memory.copy (i32.add (local.get $at) (i32.const 128)) (i32.add (local.get $at) (i32.const 64))
        (i32.add (i32.and (local.get $left) (i32.const 15)) (i32.const 1)))
      (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (i32.load (i32.const 192))))
