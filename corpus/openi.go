package corpus

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// parseOpenI fills r from one XML file of OpenI's collection.
func parseOpenI(r Report, text string) (Report, error) {
	var doc struct {
		XMLName xml.Name
		UID     struct {
			ID string `xml:"id,attr"`
		} `xml:"uId"`
		Parts []struct {
			Label string `xml:"Label,attr"`
			Text  string `xml:",chardata"`
		} `xml:"MedlineCitation>Article>Abstract>AbstractText"`
	}
	d := xml.NewDecoder(strings.NewReader(text))
	// The text has been made UTF-8 already, whatever the declaration says.
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	if err := d.Decode(&doc); err != nil {
		var syntax *xml.SyntaxError
		if errors.As(err, &syntax) {
			return r, fmt.Errorf("not well-formed XML at line %d", syntax.Line)
		}
		return r, errors.New("not an XML file")
	}
	if doc.XMLName.Local != "eCitation" {
		return r, errors.New("not an XML file of OpenI (its root is not eCitation)")
	}
	if id := strings.TrimSpace(doc.UID.ID); id != "" {
		r.ID = id
	}
	var b composer
	for _, part := range doc.Parts {
		name := strings.ToLower(strings.TrimSpace(part.Label))
		if known, ok := sectionColumns[ColumnKey(name)]; ok {
			name = known
		}
		b.add(name, part.Text)
	}
	r.Text, r.Sections = b.done()
	return r, nil
}
