package gold

import "fmt"

// counted is a note with a number in it, unless that is 0.
func counted(n int, one, many string) []string {
	switch n {
	case 0:
		return nil
	case 1:
		return []string{one}
	default:
		return []string{fmt.Sprintf(many, n)}
	}
}

func foreignNote(rows int) []string {
	const note = "bytes that are not UTF-8 read as Windows-1252 in "
	return counted(rows, note+"1 row", note+"%d rows")
}

// numbered is the note of a source without ids; units are what is numbered.
func numbered(units string) string { return "there is no column of ids: " + units + " are numbered" }
