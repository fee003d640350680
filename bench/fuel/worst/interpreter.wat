;; A bytecode interpreter: a loop around a br_table, with small work behind each of its labels.
(module
  (memory 1)
  ;; Operations of one byte and an operand of one byte. The program: r0 counts down from 4,000,000; each turn mixes r1.
  ;; 0 stop | 1 r1 += n | 2 r1 *= 3 | 3 r1 ^= r0 | 4 r1 = rotl(r1, n) | 5 r0 -= 1 | 6 if r0 go to n | 7 r2 += r1
  ;; 8 [n] = r1 | 9 r1 ^= [n]
  (data (i32.const 0) "\01\05\03\00\04\05\02\00\08\80\07\00\09\80\01\03\05\00\06\00\00\00")
  (func (export "run") (result i32)
    (local $pc i32) (local $n i32) (local $r0 i32) (local $r1 i32) (local $r2 i32)
    (local.set $r0 (i32.const 4000000))
    (loop $next
      (local.set $n (i32.load8_u offset=1 (local.get $pc)))
      (block $9 (block $8 (block $7 (block $6 (block $5 (block $4 (block $3 (block $2 (block $1 (block $0
        (br_table $0 $1 $2 $3 $4 $5 $6 $7 $8 $9 (i32.load8_u (local.get $pc)) (local.set $pc (i32.add (local.get $pc) (i32.const 2)))))
        (return (local.get $r2)))
        (local.set $r1 (i32.add (local.get $r1) (local.get $n))) (br $next))
        (local.set $r1 (i32.mul (local.get $r1) (i32.const 3))) (br $next))
        (local.set $r1 (i32.xor (local.get $r1) (local.get $r0))) (br $next))
        (local.set $r1 (i32.rotl (local.get $r1) (local.get $n))) (br $next))
        (local.set $r0 (i32.sub (local.get $r0) (i32.const 1))) (br $next))
        (if (local.get $r0) (then (local.set $pc (local.get $n)))) (br $next))
        (local.set $r2 (i32.add (local.get $r2) (local.get $r1))) (br $next))
        (i32.store offset=256 (local.get $n) (local.get $r1)) (br $next))
      (local.set $r1 (i32.xor (local.get $r1) (i32.load offset=256 (local.get $n))))
      (br $next))
    (unreachable)))
