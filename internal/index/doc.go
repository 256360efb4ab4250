// Package index keeps reports so that they can be searched by their words and by
// what they assert. It is the only importer of Bleve.
//
// The story, in order:
//
//	Write      a stream of reports -> labelled, cut into sentences, kept in a folder
//	Open       the folder          -> an Index, which any number of readers may use
//	Parse      a query's text      -> a Query, or a *QueryError with its place
//	Search     a Query             -> Results: how many, the best hits, facets
//
// Reports repeat sentences, so a sentence is kept once for all the reports that
// say it in the same section with the same mentions. Bleve tells which sentences
// have a word or a tag; flat columns tell which reports have a sentence and what
// each report is. A condition within one sentence is therefore one on the
// documents of Bleve, and exact. docs/architecture.md has the figures behind this.
//
// A folder holds a manifest and the generation that it names. A generation never
// changes: another one is written beside it, and the manifest, replaced in one
// step, then names that.
package index
