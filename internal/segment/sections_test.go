package segment

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/corpus"
)

var testPolicy = []string{"impression", "findings", LastParagraph, "comparison"}

var testDefs = []SectionDef{
	{Name: "wet read", Headers: []string{"wet read", "provisional findings impression (pfi)"}, Contains: []string{"wet read"}, Block: true},
	{Name: "addendum", Headers: []string{"addendum", "final addendum"}, Labelled: true, Block: true},
	{Name: "findings and impression", Headers: []string{"findings and impression", "findings/impression"}, Labelled: true},
	{Name: "impression", Headers: []string{"impression", "conclusion", "mpression"}, Contains: []string{"impression"}, Labelled: true},
	{Name: "indication", Headers: []string{"indication", "reason for exam", "ndication"}},
	{Name: "history", Headers: []string{"history"}, Contains: []string{"history"}},
	{Name: "comparison", Headers: []string{"comparison", "comparison(s)"}},
	{Name: "technique", Headers: []string{"technique"}},
	{Name: "notification", Headers: []string{"notification"}, Trailing: true},
	{Name: "recommendation", Headers: []string{"recommendation"}, Labelled: true, Trailing: true},
	{Name: "end", Headers: []string{"end of impression"}, Trailing: true},
	{Name: "examination", Headers: []string{"examination", "exam"}},
	{Name: "findings", Headers: []string{"findings"}, Labelled: true,
		Contains: []string{"findings", "portable", "pa and lateral", "frontal and lateral", "ap view", "two views", "chest", "portable exam"}},
	{Name: "preamble"},
}

func newTestSplitter(t testing.TB) *Splitter {
	s, err := NewSplitter(testDefs, testPolicy)
	require.NoError(t, err)
	return s
}

// outline writes sections as "name=text", parted by |, with line wraps as blanks.
func outline(text string, sections []corpus.Section) string {
	var out []string
	for _, s := range sections {
		out = append(out, s.Name+"="+strings.Join(strings.Fields(s.Span.In(text)), " "))
	}
	return strings.Join(out, "|")
}

const line = "______________________________________________________________________________"

func TestSplit(t *testing.T) {
	s := newTestSplitter(t)
	for _, tt := range []struct{ name, in, want string }{
		{"usual", "                                 FINAL REPORT\n EXAMINATION:  CHEST (PA AND LAT)\n \n INDICATION:  ___ with cough\n \n" +
			" COMPARISON:  None.\n \n FINDINGS: \n \n Lungs are\n clear.\n \n IMPRESSION: \n \n No edema.\n",
			"examination=CHEST (PA AND LAT)|indication=___ with cough|comparison=None.|findings=Lungs are clear.|impression=No edema."},
		{"at the very start", "IMPRESSION: No edema.\nIt is old.", "impression=No edema. It is old."},
		{"CR, behind a long line", "FINDINGS: " + strings.Repeat("clear ", 40) + "\rIMPRESSION: Old.\r", "findings=" + strings.TrimSpace(strings.Repeat("clear ", 40)) + "|impression=Old."},
		{"CR LF", "FINDINGS: Clear.\r\nIMPRESSION: Old.\r\n", "findings=Clear.|impression=Old."},
		{"CR LF in two windows", "INDICATION: " + strings.Repeat("x", 115) + "\r\nLUNGS: Old.\r\n", "indication=" + strings.Repeat("x", 115) + " LUNGS: Old."},
		{"CR", "FINDINGS: Clear.\rIMPRESSION: Old.\r", "findings=Clear.|impression=Old."},
		{"small letters behind a sentence", "FINDINGS: Clear.\nimpression: old.", "findings=Clear.|impression=old."},
		{"another sign for the colon", "FINDINGS;\nClear.\n\nIMPRESSION.\nOld.", "findings=Clear.|impression=Old."},
		{"title case", "Findings: Clear.\nImpression: Old.", "findings=Clear.|impression=Old."},
		{"lower case", "findings: clear.\nimpression: old.", "findings=clear.|impression=old."},
		{"lower case in a wrapped line", "FINDINGS: Clear, with these\n findings: none.", "findings=Clear, with these findings: none."},
		{"header to itself", "FINDINGS\nClear.\n\nImpression\nOld.", "findings=Clear.|impression=Old."},
		{"no header in a wrapped line", "FINDINGS: COMPARED TO THE PRIOR\n EXAM\n ALL IS OLD.", "findings=COMPARED TO THE PRIOR EXAM ALL IS OLD."},
		{"blank before the colon", "FINDINGS : Clear.\nIMPRESSION:Old.", "findings=Clear.|impression=Old."},
		{"misspelt", "FINDNGS: A.\nFINIDNGS: B.\nIMPRESSON: C.\nIMPRRESSION: D.\nIMPERSSION: E.\nIMPRESSOIN: F.\nMPRESSION: G.",
			"findings=A.|findings=B.|impression=C.|impression=D.|impression=E.|impression=F.|impression=G."},
		{"ndication is no impression", "NDICATION: Cough.\nIMDICATION: Cough.", "indication=Cough.|indication=Cough."},
		{"words near a header", "FINDINGS: A.\n DEPRESSION: None.\n COMPRESSION: None.\n MEDICATION: None.\n INFECTION: None.",
			"findings=A. DEPRESSION: None. COMPRESSION: None. MEDICATION: None. INFECTION: None."},
		{"views", "INDICATION: Cough.\n PORTABLE CHEST:  Clear.\n", "indication=Cough.|findings=Clear."},
		{"views in words", "CHEST, TWO VIEWS: Clear.\n\n\n", "findings=Clear."},
		{"views, wrapped", "EXAM: Film.\n FRONTAL AND LATERAL VIEWS OF THE CHEST: Clear.\n No edema.", "examination=Film.|findings=Clear. No edema."},
		{"views in title case", "INDICATION: Cough.\n\nPortable AP Chest: Clear.", "indication=Cough.|findings=Clear."},
		{"views in a sentence", "INDICATION: Cough.\n\nPortable chest: clear.", "indication=Cough. Portable chest: clear."},
		{"small letters", "indication: cough.\n \n portable chest: clear,\n as is the chest: so far.\n \n lungs: old.\n \n conclusion: old.",
			"indication=cough.|findings=clear, as is the chest: so far. lungs: old.|impression=old."},
		{"wide blanks", "\u00a0FINAL\u00a0REPORT\n\u00a0REASON\u2003FOR\u00a0EXAM:\u00a0Cough.\n\u3000IMPRESSION\u00a0:\u00a0Old.", "indication=Cough.|impression=Old."},
		{"glued list", "FINDINGS:1.Clear.\nIMPRESSION:2 nodules.", "findings=1.Clear.|impression=2 nodules."},
		{"views among findings", "FINDINGS: Clear.\n PORTABLE FILM: Old.\n CHEST: Wide.", "findings=Clear. PORTABLE FILM: Old. CHEST: Wide."},
		{"joined", "FINDINGS AND IMPRESSION: A.\n FINDINGS/IMPRESSION: B.\n FINDINGS & IMPRESSION: C.",
			"findings and impression=A.|findings and impression=B.|findings and impression=C."},
		{"brackets and commas", "COMPARISON(S): A.\n REASON FOR EXAM: B.", "comparison=A.|indication=B."},
		{"a device is no view", "INDICATION: Cough.\n CHEST TUBE: Removed.\n COMPARISON: None.", "indication=Cough.|findings=CHEST TUBE: Removed.|comparison=None."},
		{"a device is no view, before all else", "CHEST TUBE: Removed.\n LUNGS: Clear.", "chest tube=CHEST TUBE: Removed.|lungs=Clear."},
		{"a device is no view, behind an unknown header", "LUNGS: Clear.\n CHEST TUBE: Removed.", "lungs=Clear.|chest tube=CHEST TUBE: Removed."},
		{"a device in title case", "INDICATION: Cough.\n\nRight Chest Tube: Removed.\n\nOld Effusion on the Chest AP View: Small.",
			"indication=Cough. Right Chest Tube: Removed. Old Effusion on the Chest AP View: Small."},
		{"a device in small letters", "indication: cough.\n\nchest tube: removed.", "indication=cough.|findings=chest tube: removed."},
		{"views with small words and numbers", "INDICATION: Cough.\n\nTwo Views of the Chest, 2: Clear.", "indication=Cough.|findings=Clear."},
		{"an impression of whatever", "INDICATION: Cough.\n BRIEF IMPRESSION: Clear.", "indication=Cough.|impression=Clear."},
		{"contained", "CLINICAL HISTORY: A.\n FINAL IMPRESSION: B.", "history=A.|impression=B."},
		{"unknown inside", "FINDINGS:\n LUNGS: Clear.\n PNEUMOTHORAX: NONE\n \n IMPRESSION: A.",
			"findings=LUNGS: Clear. PNEUMOTHORAX: NONE|impression=A."},
		{"unknown outside", "LUNGS: Clear.\n HEART: Large.\n IMPRESSION: A.", "lungs=Clear.|heart=Large.|impression=A."},
		{"times are no headers", "IMPRESSION: Told\n AT 5:40 PM.", "impression=Told AT 5:40 PM."},
		{"empty", "IMPRESSION:\nFINDINGS:", "impression=|findings="},
		{"preamble", "Film of today.\n \n COMPARISON: None.", "preamble=Film of today.|comparison=None."},
		{"no header", "Lungs clear.\nNo edema.", "preamble=Lungs clear. No edema."},
		{"nothing", " \n", ""},
		{"wet read", " WET READ: ___ ___ 8:19 AM\n  No edema.\n " + line + "\n                 FINAL REPORT\n IMPRESSION: Edema.",
			"wet read=___ ___ 8:19 AM No edema.|impression=Edema."},
		{"wet read versions", " WET READ: ___ 8:19 AM\n  No edema.\n WET READ VERSION #1 ___ 7:00 AM\n  Edema.\n WET READ VERSION #2  7:30 AM\n X.\n " + line + "\n FINAL REPORT\n Text.\n IMPRESSION: Old.",
			"wet read=___ 8:19 AM No edema.|wet read=___ 7:00 AM Edema.|wet read=7:30 AM X.|preamble=Text.|impression=Old."},
		{"provisional", " PROVISIONAL FINDINGS IMPRESSION (PFI): ___\n  1. No edema.\n " + line + "\n FINAL REPORT\n FINDINGS: Old.",
			"wet read=___ 1. No edema.|findings=Old."},
		{"headers in a block", " FINAL ADDENDUM\n ADDENDUM:\n\n Told.\n\n IMPRESSION: New.\n" + line + "\n FINAL REPORT\n FINDINGS: Old.",
			"addendum=|addendum=Told. IMPRESSION: New.|findings=Old."},
		{"block without an end", " WET READ: Clear.\n IMPRESSION: Old.", "wet read=Clear.|impression=Old."},
		{"block, then text", " ADDENDUM: Told.\n " + line + "\n Clear lungs.", "addendum=Told.|preamble=Clear lungs."},
		{"rule inside", "IMPRESSION: Clear.\n " + line + "\n Told.", "impression=Clear. " + line + " Told."},
		{"removed name", "IMPRESSION: Told to\n ___\n today.", "impression=Told to ___ today."},
		{"one line", "FINAL REPORT EXAMINATION: Chest. INDICATION: Cough. FINDINGS: Clear. IMPRESSION: Old.",
			"examination=Chest.|indication=Cough.|findings=Clear.|impression=Old."},
		{"one line, nothing in it", "   FINAL REPORT\n \n", ""},
		{"one line, a header and the line's end", " Comparison \r\n", "comparison="},
		{"one line, views", " CHEST, TWO VIEWS: Clear. IMPRESSION: Old.\n", "findings=Clear.|impression=Old."},
		{"one line, text in capitals", "FINAL REPORTS: OLD", "preamble=FINAL REPORTS: OLD"},
		{"one line, lower case", "findings: clear. impression: old.", "findings=clear.|impression=old."},
		{"one line, views", "COMPARISON: None. PORTABLE CHEST: Clear. IMPRESSION: Old.", "comparison=None.|findings=Clear.|impression=Old."},
		{"one line, views that end in another header", "COMPARISON: None. PORTABLE EXAM: Clear.", "comparison=None.|findings=Clear."},
		{"one line, a device is no view", "COMPARISON: None. CHEST TUBE: Removed.", "comparison=None.|findings=CHEST TUBE: Removed."},
		{"one line, a device first", "Chest Tube: Removed. IMPRESSION: Old.", "preamble=Chest Tube: Removed.|impression=Old."},
		{"one line, header behind capitals", "EXAM: CHEST (PORTABLE AP) INDICATION: Cough. COMPARISON: None.",
			"examination=CHEST (PORTABLE AP)|indication=Cough.|comparison=None."},
		{"one line, small letters", "final  report exam: chest. portable film.", "examination=chest. portable film."},
		{"one line, final report in a sentence", "Final report to follow.", "preamble=Final report to follow."},
		{"one line, no header", "PNEUMOTHORAX: NONE", "preamble=PNEUMOTHORAX: NONE"},
		{"one line, capitals", "FINDINGS: COMPARED TO THE EXAM: SAME.", "findings=COMPARED TO THE EXAM: SAME."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := s.Split(tt.in)
			assert.Equal(t, tt.want, outline(tt.in, got))
			checkSections(t, tt.in, got)
		})
	}
}

// What a block is called does not matter, nor do names make blocks.
func TestBlockByDefinition(t *testing.T) {
	text := "FIRST READING:\n IMPRESSION: New.\n " + line + "\n FINAL REPORT\n IMPRESSION: Old."
	for _, tt := range []struct {
		name  string
		block bool
		want  string
	}{
		{"first reading", true, "first reading=IMPRESSION: New.|impression=Old."},
		{"wet read", false, "wet read=|impression=New. " + line + "|impression=Old."},
		{"addendum", false, "addendum=|impression=New. " + line + "|impression=Old."},
	} {
		s, err := NewSplitter([]SectionDef{
			{Name: tt.name, Headers: []string{"first reading"}, Block: tt.block},
			{Name: "impression", Headers: []string{"impression"}, Labelled: true},
		}, []string{"impression", LastParagraph})
		require.NoError(t, err)
		assert.Equal(t, tt.want, outline(text, s.Split(text)))

		alone := "FIRST READING: Clear.\n\n Wide."
		got, err := s.Select(alone, s.Split(alone), "auto")
		require.NoError(t, err)
		want := tt.name + "=Clear. Wide." // a report of nothing else
		if !tt.block {
			want = "last-paragraph=Wide."
		}
		assert.Equal(t, want, outline(alone, got))
	}
}

func TestSelect(t *testing.T) {
	s := newTestSplitter(t)
	usual := "INDICATION: Cough.\nFINDINGS: Clear.\nIMPRESSION: Old.\nNOTIFICATION: Told."
	for _, tt := range []struct{ name, in, sections, want string }{
		{"impression first", usual, "auto", "impression=Old."},
		{"auto by default", usual, "", "impression=Old."},
		{"all", usual, "all", "findings=Clear.|impression=Old."},
		{"by name", usual, "Indication, findings", "indication=Cough.|findings=Clear."},
		{"by name, absent", usual, "history", ""},
		{"last impression", "IMPRESSION: A.\nIMPRESSION: B.", "auto", "impression=B."},
		{"empty impression", "FINDINGS: A.\nIMPRESSION:\n", "auto", "findings=A."},
		{"last impression is empty", "IMPRESSION: A.\nIMPRESSION:\n", "auto", "impression=A."},
		{"joined as impression", "FINDINGS AND IMPRESSION: A.", "impression", "findings and impression=A."},
		{"joined as findings", "FINDINGS AND IMPRESSION: A.", "findings", "findings and impression=A."},
		{"joined, auto", "INDICATION: B.\nFINDINGS AND IMPRESSION: A.", "auto", "findings and impression=A."},
		{"last paragraph", "INDICATION: A.\n \n COMPARISON: None.\n \n Clear.\n \n Old.", "auto", "last-paragraph=Clear. Old."},
		{"last paragraph, CR LF", "COMPARISON: None.\r\n\r\nClear.\r\n", "auto", "last-paragraph=Clear."},
		{"last section with an unknown header", "COMPARISON: None.\n \n TUBES AND LINES: Port.", "auto", "tubes and lines=Port."},
		{"all, with an unknown header", "COMPARISON: None.\n \n TUBES AND LINES: Port.\n FINDINGS: Clear.", "all", "tubes and lines=Port.|findings=Clear."},
		{"all, without a labelled section", "COMPARISON: None.\n \n Clear.", "all", "last-paragraph=Clear."},
		{"all, comparison alone", "COMPARISON: None.", "all", ""},
		{"comparison", "INDICATION: A.\n COMPARISON: Clear.", "auto", "comparison=Clear."},
		{"nothing to label", "INDICATION: A.\n HISTORY: B.", "auto", ""},
		{"no header", "Clear.\n\nOld.", "auto", "preamble=Clear. Old."},
		{"no header, all", "Clear.", "all", "preamble=Clear."},
		{"unknown headers are text", "LUNGS: Clear.\n PNEUMOTHORAX: NONE", "auto", "lungs=LUNGS: Clear.|pneumothorax=PNEUMOTHORAX: NONE"},
		{"wet read beside text", "WET READ: Clear.\n" + line + "\n FINAL REPORT\n Old.", "auto", "preamble=Old."},
		{"wet read alone", "WET READ: Clear.\n", "auto", "wet read=Clear."},
		{"not the addendum's impression", "ADDENDUM:\n IMPRESSION: New.\n" + line + "\n FINAL REPORT\n FINDINGS: A.\n IMPRESSION: Old.", "auto", "impression=Old."},
		{"not the wet read after the report", "IMPRESSION: Old.\n\n WET READ: New.", "auto", "impression=Old."},
		{"a text that only something follows", "Clear.\n\nOld.\n\nNOTIFICATION: Told.", "auto", "preamble=Clear. Old."},
		{"the same on one line, all", "Clear. RECOMMENDATION: CT. NOTIFICATION: Told.", "all", "preamble=Clear.|recommendation=CT."},
		{"the end of an impression", "1. Clear. END OF IMPRESSION: Signed.", "auto", "preamble=1. Clear."},
		{"a title is no text", "CHEST PA\nCOMPARISON: None.\nIMPRESSION: Clear.", "all", "impression=Clear."},
		{"a list without a header", "1. Clear.\n2. Old.\nCOMPARISON: None.", "auto", "preamble=1. Clear. 2. Old.|comparison=None."},
		{"a list without a header, all", "- Clear.\n- Old.\nCOMPARISON: None.", "all", "preamble=- Clear. - Old."},
		{"a list with another paragraph", "#1 Clear.\nCOMPARISON: None.\n\nOld.", "auto", "preamble=#1 Clear.|last-paragraph=Old."},
		{"a list before an impression", "1. Clear.\n2. Old.\nIMPRESSION: Code 3.", "auto", "impression=Code 3."},
		{"a list of reasons before findings", "1) chest pain\n2) fever\nFINDINGS: Clear.", "all", "findings=Clear."},
		{"prose before an impression", "The lungs are clear and the heart is normal. Conclusion: Clear.", "all", "preamble=The lungs are clear and the heart is normal.|impression=Clear."},
		{"the same without a stop", "The lungs are clear and the heart is normal\n\nConclusion: Clear", "all", "preamble=The lungs are clear and the heart is normal|impression=Clear"},
		{"the same in capitals, in a list", "• THE LUNGS ARE CLEAR.\n• THE HEART IS NORMAL, BY SIZE.\nCONCLUSION: CLEAR.", "all", "preamble=• THE LUNGS ARE CLEAR. • THE HEART IS NORMAL, BY SIZE.|impression=CLEAR."},
		{"the same, auto", "The lungs are clear and the heart is normal. Conclusion: Clear.", "auto", "impression=Clear."},
		{"prose before nothing to label", "The lungs are clear and the heart is normal.\nCOMPARISON: None.", "all", "preamble=The lungs are clear and the heart is normal."},
		{"prose before nothing to label, auto", "The lungs are clear and the heart is normal.\nINDICATION: None.", "auto", "preamble=The lungs are clear and the heart is normal."},
		{"a long title", "Portable chest film, two views, made in the ward on the fourth of March.\nIMPRESSION: Clear.", "all", "impression=Clear."},
		{"prose before findings", "The patient was imaged in the supine position today.\nFINDINGS: Clear.", "all", "findings=Clear."},
		{"what follows a text has none before it", "NOTIFICATION: Told.\n\nClear.", "auto", "last-paragraph=Clear."},
		{"the same, all", "NOTIFICATION: Told.\n\nClear.\n\nNOTIFICATION: Told again.", "all", "last-paragraph=Clear."},
		{"advice alone", "RECOMMENDATION: CT.\n\nNOTIFICATION: Told.", "auto", "recommendation=CT."},
		{"the text before what follows it", "EXAMINATION: Chest.\n\nClear.\n\nOld.\n\nNOTIFICATION: Told.\n\nTwice.", "auto", "last-paragraph=Clear. Old."},
		{"the same, all, with advice", "EXAMINATION: Chest.\n\nClear.\n\nRECOMMENDATION: CT.", "all", "last-paragraph=Clear.|recommendation=CT."},
		{"advice behind its paragraph", "EXAMINATION: Chest.\n\nRECOMMENDATION: CT.\n\nOld.", "all", "recommendation=CT. Old."},
		{"an addendum behind a signature", "Clear.\n\nNOTIFICATION: Told.\n\nADDENDUM: Old.", "all", "preamble=Clear.|addendum=Old."},
		{"the same, auto", "Clear.\n\nNOTIFICATION: Told.\n\nADDENDUM: Old.", "auto", "preamble=Clear."},
		{"an indication alone, in one line", "INDICATION: Rule out edema. Fever. Cough.", "all", ""},
		{"a time is no list", "1:23 PM\nIMPRESSION: Clear.", "auto", "impression=Clear."},
		{"empty text", "", "auto", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := s.Select(tt.in, s.Split(tt.in), tt.sections)
			require.NoError(t, err)
			assert.Equal(t, tt.want, outline(tt.in, got))
		})
	}
}

func TestSelectUnknownName(t *testing.T) {
	s := newTestSplitter(t)
	_, err := s.Select("", nil, "findings,impresion")
	assert.ErrorContains(t, err, `no section is named "impresion"`)
	assert.ErrorContains(t, err, "wet read, addendum, findings and impression, impression")
}

// Sections that a table delivers are chosen like those that Split finds.
func TestSelectGivenSections(t *testing.T) {
	s := newTestSplitter(t)
	text := "Clear.\n\nOld. "
	given := []corpus.Section{
		{Name: "Findings", Span: corpus.Span{Start: 0, End: 6}},
		{Name: "IMPRESSION", Span: corpus.Span{Start: 8, End: 13}},
	}
	got, err := s.Select(text, given, "auto")
	require.NoError(t, err)
	assert.Equal(t, "impression=Old.", outline(text, got))
	assert.Equal(t, "Findings", given[0].Name, "the given sections are not changed")

	got, err = s.Select(text, given, "all")
	require.NoError(t, err)
	assert.Equal(t, "findings=Clear.|impression=Old.", outline(text, got))

	got, err = s.Select(text, []corpus.Section{{Name: "report_text", Span: corpus.Span{Start: -3, End: 99}}}, "auto")
	require.NoError(t, err)
	assert.Equal(t, "report_text=Clear. Old.", outline(text, got))
}

func TestNewSplitterErrors(t *testing.T) {
	for _, tt := range []struct {
		defs   []SectionDef
		policy []string
		want   string
	}{
		{[]SectionDef{{}}, nil, "section 1 of the section file has no name"},
		{[]SectionDef{{Name: "a"}, {Name: "a"}}, nil, `"a" is defined twice`},
		{[]SectionDef{{Name: "a", Headers: []string{"..."}}}, nil, `header "..." has no letters`},
		{[]SectionDef{{Name: "a", Contains: []string{""}}}, nil, `contains "" has no letters`},
		{[]SectionDef{{Name: "a", Headers: []string{strings.Repeat("x", 97)}}}, nil, "longer than 96 bytes"},
		{[]SectionDef{{Name: "a", Headers: []string{"x"}}, {Name: "b", Headers: []string{"X:"}}}, nil, `listed for section "a" and section "b"`},
		{[]SectionDef{{Name: "a"}}, nil, "no section policy"},
		{[]SectionDef{{Name: "a"}}, []string{"b"}, `"b" is neither a section nor last-paragraph: want a`},
	} {
		_, err := NewSplitter(tt.defs, tt.policy)
		assert.ErrorContains(t, err, tt.want)
	}
	s, err := NewSplitter(nil, nil)
	require.NoError(t, err)
	got, err := s.Select("Clear.", s.Split("Clear."), "auto")
	require.NoError(t, err)
	assert.Equal(t, "preamble=Clear.", outline("Clear.", got))
}

// One edit in a long header is seen through; which edit does not matter.
func TestMisspelt(t *testing.T) {
	s := newTestSplitter(t)
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom([]string{"impression", "findings", "indication", "comparison", "examination"}).Draw(t, "word")
		i := rapid.IntRange(1, len(word)-2).Draw(t, "at")
		c := string(rapid.RuneFrom([]rune("abcdefghijklmnopqrstuvwxyz")).Draw(t, "letter"))
		wrong := []string{
			word[:i] + word[i+1:],
			word[:i] + c + word[i:],
			word[:i] + c + word[i+1:],
			word[:i] + word[i+1:i+2] + word[i:i+1] + word[i+2:],
		}[rapid.IntRange(0, 3).Draw(t, "edit")]
		text := strings.ToUpper(wrong) + ": Clear.\nX."
		if got := outline(text, s.Split(text)); got != word+"=Clear. X." {
			t.Fatalf("%s: %s", wrong, got)
		}
	})
}

// checkSections holds the invariants of Split: headers and spans in order and
// disjoint, and what is in none of them blank, a rule or FINAL REPORT.
func checkSections(t failer, text string, sections []corpus.Section) {
	at := 0
	take := func(span corpus.Span) {
		if span.Start < at || span.End < span.Start || span.End > len(text) {
			t.Fatalf("span %v out of order in %q", span, text)
		}
		for _, part := range strings.FieldsFunc(text[at:span.Start], func(r rune) bool { return r == '\n' || r == '\r' }) {
			part = strings.TrimFunc(part, unicode.IsSpace)
			if strings.Trim(part, "_") != "" && !strings.EqualFold(strings.Join(strings.Fields(strings.Trim(part, ": ")), " "), "FINAL REPORT") {
				t.Fatalf("%q of %q is in no section", part, text)
			}
		}
		at = span.End
	}
	for _, s := range sections {
		if s.Name == "" {
			t.Fatalf("a section of %q has no name", text)
		}
		if !s.Header.Empty() {
			take(s.Header)
		}
		take(s.Span)
		if s.Span != trim(text, s.Span) {
			t.Fatalf("section %q of %q has blanks at its ends", s.Span.In(text), text)
		}
	}
	take(corpus.Span{Start: len(text), End: len(text)})
}

// checkSelected holds the invariants of Select: some of the sections, in
// order, disjoint, with text.
func checkSelected(t failer, s *Splitter, text string, sections []corpus.Section) {
	for _, want := range []string{"auto", "all", "findings,wet read"} {
		got, err := s.Select(text, sections, want)
		if err != nil {
			t.Fatalf("%s: %v", want, err)
		}
		at := 0
		for _, sec := range got {
			if sec.Span.Start < at || sec.Span.Empty() || sec.Span.End > len(text) || trim(text, sec.Span) != sec.Span {
				t.Fatalf("%s: %v of %q", want, sec, text)
			}
			at = sec.Span.End
		}
	}
}

func TestSplitCoversText(t *testing.T) {
	s := newTestSplitter(t)
	rapid.Check(t, func(t *rapid.T) {
		text := someText(t)
		sections := s.Split(text)
		checkSections(t, text, sections)
		checkSelected(t, s, text, sections)
	})
}

func TestSplitLinear(t *testing.T) {
	s := newTestSplitter(t)
	for _, unit := range runs {
		linear(t, unit, func(text string) {
			if _, err := s.Select(text, s.Split(text), "auto"); err != nil {
				t.Error(err)
			}
		})
	}
}

func FuzzSections(f *testing.F) {
	for _, text := range []string{"FINDINGS: a\nIMPRESSION: b", "WET READ:\nx\n________\nFINAL REPORT\nCHEST: y", "IMPRESSON:\r\rx", "a. FINDINGS: b"} {
		f.Add(text)
	}
	s := newTestSplitter(f)
	f.Fuzz(func(t *testing.T, text string) {
		sections := s.Split(text)
		checkSections(t, text, sections)
		checkSelected(t, s, text, sections)
	})
}

// Whether it is to end is asked long before all is cut.
func TestSplitUntil(t *testing.T) {
	s := newTestSplitter(t)
	for _, text := range []string{strings.Repeat("FINDINGS: Clear.\n", 100*often), strings.Repeat("FINDINGS: Clear. ", 100*often)} {
		require.Len(t, s.Split(text), 100*often)
		ended := errors.New("ended")
		asked := -1
		sections, err := s.SplitUntil(text, func(headers int) error { asked = headers; return ended })
		require.ErrorIs(t, err, ended)
		assert.Empty(t, sections)
		assert.LessOrEqual(t, asked, often)
	}
}

func BenchmarkSplit(b *testing.B) {
	s := newTestSplitter(b)
	text := "                                 FINAL REPORT\n EXAMINATION:  CHEST (PA AND LAT)\n \n INDICATION:  ___ year old with cough.\n \n" +
		" COMPARISON:  None.\n \n FINDINGS: \n \n " + strings.Repeat("The heart is mildly enlarged, and the lungs are clear of it.\n ", 8) +
		"\n IMPRESSION: \n \n No acute process.\n"
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		s.Split(text)
	}
}

func ExampleSplitter_Split() {
	s, _ := NewSplitter([]SectionDef{
		{Name: "findings", Headers: []string{"findings"}},
		{Name: "impression", Headers: []string{"impression"}},
	}, []string{"impression", "findings"})
	text := " FINDINGS: The lungs are clear.\n IMPRESSION: Normal."
	for _, section := range s.Split(text) {
		fmt.Printf("%s: %s\n", section.Name, section.Span.In(text))
	}
	// Output:
	// findings: The lungs are clear.
	// impression: Normal.
}
