;; Follows a linked list that fits the first cache: each turn waits for one load.
(module
  (memory 1)
  ;; 2048 nodes of 8 bytes, next and value. A step of 1237 nodes, prime to their number, visits all of them.
  (func $link (local $node i32)
    (loop $next
      (i32.store (i32.shl (local.get $node) (i32.const 3))
        (i32.shl (i32.and (i32.add (local.get $node) (i32.const 1237)) (i32.const 2047)) (i32.const 3)))
      (i32.store offset=4 (i32.shl (local.get $node) (i32.const 3)) (local.get $node))
      (br_if $next (i32.lt_u (local.tee $node (i32.add (local.get $node) (i32.const 1))) (i32.const 2048)))))
  (func (export "run") (result i32) (local $left i32) (local $at i32) (local $sum i32)
    (call $link)
    (local.set $left (i32.const 15000000))
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (i32.load offset=4 (local.get $at))))
      (local.set $at (i32.load (local.get $at)))
      (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (local.get $sum)))
