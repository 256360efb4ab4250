package gold

import (
	"context"
	"fmt"
	"strings"

	"github.com/radlabel/radlabel/corpus"
)

// imageColumns name one image in each row, beside the study or in its place.
var imageColumns = []string{"path", "path_to_image", "image_path", "image", "dicom_id", "image_id"}

// imageColumn is the column that names the images; -1 is none.
func imageColumn(header []string) int {
	for _, name := range imageColumns {
		if i := corpus.FindColumn(header, name); i >= 0 {
			return i
		}
	}
	return -1
}

// identify takes the study of a row from its id, and the image where the row is
// of one: id is the path of an image, or a column of images, which is "" where
// there is none, names another thing than the id does.
func (r *Row) identify(id, image string) {
	r.ID, image = corpus.StudyOf(id), strings.TrimSpace(image)
	switch {
	case image != "" && corpus.StudyOf(image) != image && !corpus.IsImagePath(image):
		// the path of the study, or of its report
	case image != "" && image != r.ID:
		r.image = image
	case corpus.IsImagePath(id):
		r.image = id
	}
}

// gathered are rows put together by id, in the order in which the ids come.
type gathered struct {
	all []Row
	at  map[string]int
}

// row gives the row of an id, and whether it has come before.
func (g *gathered) row(id string) (r *Row, found bool) {
	i, found := g.at[id]
	if !found {
		if g.at == nil {
			g.at = map[string]int{}
		}
		i, g.at[id] = len(g.all), len(g.all)
		g.all = append(g.all, Row{ID: id})
	}
	return &g.all[i], found
}

// perStudy passes on the rows, those of images put together by study behind the
// others: the strongest assertion of each observation.
func (s *Source) perStudy(ctx context.Context, yield func(Row, error) bool) {
	var studies gathered
	images, stopped := 0, false
	s.rows(ctx, func(row Row, err error) bool {
		if err == nil && row.image != "" {
			images++
			err = studies.addImage(row)
			if err == nil {
				return true
			}
			row = Row{}
		}
		stopped = !yield(row, err)
		return !stopped
	})
	if images > len(studies.all) {
		s.Images, s.Studies = images, len(studies.all)
	}
	if stopped {
		return
	}
	for _, row := range studies.all {
		if err := ctx.Err(); err != nil {
			yield(Row{}, err)
			return
		}
		if !yield(row, nil) {
			return
		}
	}
}

// addImage joins an image to its study. Images of a study in other groups are an
// error, since its labels are of none of them.
func (g *gathered) addImage(row Row) error {
	study, found := g.row(row.ID)
	switch {
	case !found:
		*study = row
		study.image = ""
	case study.Group != row.Group:
		return problem(row.Place, fmt.Sprintf("the study %s is in the group %s here and in %s in another image", quotedID(row.ID), quotedID(row.Group), quotedID(study.Group)),
			"sum up by a column that is the same for all images of a study")
	default:
		study.strengthen(row)
	}
	return nil
}
