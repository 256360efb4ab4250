//go:build unix && !solaris && !aix

package obtain

import (
	"errors"
	"os"
	"syscall"
)

// locked takes a file for this process, until it is closed, and reports whether
// another has it. File systems without locks have nothing to say.
func locked(f *os.File) bool {
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}
