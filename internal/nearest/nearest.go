// Package nearest tells which known name a misspelt one may have meant.
package nearest

// Name gives the known name that is fewest edits away from name, the first of
// equally near ones, or "" where none is near: one edit in every three bytes,
// and one more, is.
func Name(name string, known []string) string {
	best, found := 1+len(name)/3, ""
	for _, k := range known {
		if d := Distance(name, k, best); d < best || d == best && found == "" {
			best, found = d, k
		}
	}
	return found
}

// short is how long names are that Distance allocates nothing for.
const short = 96

// Distance is the number of bytes to change, lose, add or swap with their
// neighbour to make a of b, no byte twice, or most+1 where it is more than most.
func Distance(a, b string, most int) int {
	if len(a)-len(b) > most || len(b)-len(a) > most {
		return most + 1
	}
	var fixed [3][short + 1]int
	rows := [3][]int{fixed[0][:], fixed[1][:], fixed[2][:]}
	if len(b) > short {
		for i := range rows {
			rows[i] = make([]int, len(b)+1)
		}
	}
	for j := range len(b) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row := rows[(i+1)%3], rows[(i+2)%3], rows[i%3]
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			d := last[j-1]
			if a[i-1] != b[j-1] {
				d = 1 + min(d, last[j], row[j-1])
				if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
					d = min(d, before[j-2]+1)
				}
			}
			row[j] = d
			least = min(least, d)
		}
		if least > most {
			return most + 1
		}
	}
	return min(rows[len(a)%3][len(b)], most+1)
}
