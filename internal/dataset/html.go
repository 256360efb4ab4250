package dataset

import "io"

// HTML writes a page of its own.
func HTML(w io.Writer, s *Stats) error { return nil }
