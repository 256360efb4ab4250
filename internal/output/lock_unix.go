//go:build unix

package output

import (
	"os"
	"syscall"
)

// noFollow keeps a symbolic link in the place of a part from being followed.
const noFollow = syscall.O_NOFOLLOW

// lock takes a file for this process until it is closed; false: another has it.
func lock(f *os.File) bool {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}
