// loops hot|steps N OUT: the modes of loops.c of these names, for one goroutine.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"time"
)

var sink int

func hot(count int) {
	for i := 0; i < count; i++ {
		sink = i // @hot
	}
}

//go:noinline
func mixed(value int) int { return value ^ value>>3 }

func steps() {
	total := 0
	for i := 0; i < 1000000; i++ {
		total += i // @step
		total = mixed(total)
		sink = total
	}
}

var epoch = time.Now()

func main() {
	input := bufio.NewReader(os.Stdin)
	fmt.Println("ready")
	if _, err := input.ReadString('\n'); err != nil {
		return
	}
	begin := time.Since(epoch).Nanoseconds()
	if os.Args[1] == "hot" {
		count, _ := strconv.Atoi(os.Args[2])
		hot(count)
	} else {
		steps()
	}
	end := time.Since(epoch).Nanoseconds()
	line := fmt.Sprintf("%d %d\n", begin, end)
	if os.WriteFile(os.Args[len(os.Args)-1], []byte(line), 0o600) != nil {
		os.Exit(1)
	}
	fmt.Println("done")
	_, _ = input.ReadString('\n')
}
