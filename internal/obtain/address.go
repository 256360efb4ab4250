package obtain

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// ParseBase parses the address that names are joined to. The buckets of gs:// and
// s3:// are read where they are public, by https. User and password have no place
// in an address: they would be in the process list.
func ParseBase(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch { // no error repeats the address: it may be a secret
	case err != nil:
		return nil, errors.New("is no URL; give one such as https://host/folder")
	case !slices.Contains([]string{"https", "http", "gs", "s3"}, u.Scheme) || u.Hostname() == "":
		return nil, errors.New("wants https://, http://, gs:// or s3:// at its beginning, and then a host or a bucket")
	case u.User != nil:
		return nil, errors.New("has a user in it; set RADLABEL_USER and RADLABEL_PASSWORD, or use a netrc file")
	}
	u.Fragment, u.RawFragment = "", ""
	if u.Scheme != "gs" && u.Scheme != "s3" {
		return u, nil
	}
	if u.Port() != "" {
		return nil, errors.New("has a port; a bucket has a name alone, as in gs://bucket/folder")
	}
	return endpoint(u), nil
}

// endpoint is where a bucket is read by https.
func endpoint(u *url.URL) *url.URL {
	bucket := u.Hostname()
	public := &url.URL{Scheme: "https", Host: bucket + ".s3.amazonaws.com"}
	switch {
	case u.Scheme == "gs":
		public = (&url.URL{Scheme: "https", Host: "storage.googleapis.com"}).JoinPath(bucket)
	case strings.Contains(bucket, "."): // certificates have no names with dots
		public = (&url.URL{Scheme: "https", Host: "s3.amazonaws.com"}).JoinPath(bucket)
	}
	public = public.JoinPath(u.EscapedPath())
	public.RawQuery = u.RawQuery
	return public
}

var bucketHost = regexp.MustCompile(`(?i)^(.+\.)?(storage\.googleapis\.com|s3([.-][a-z0-9-]+)?\.amazonaws\.com)$`)

// isBucket reports whether a host serves buckets.
func isBucket(host string) bool { return bucketHost.MatchString(host) }
