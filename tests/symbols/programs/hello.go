// A Go program: static, not PIE, names with dots, no PT_INTERP.
package main

import "fmt"

func main() {
	fmt.Println("hello")
}
