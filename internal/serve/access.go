package serve

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// Access says who may ask. The zero value lets in whoever reaches the server,
// which is then to be this machine alone.
type Access struct {
	Token       string            // programs send it as a bearer, browsers as the password of any name
	Users       map[string]string // bcrypt hashes of passwords by name
	Certificate *tls.Certificate
	Renewed     func() *tls.Certificate // gives the certificate of now, where its files may change; nil: Certificate

	known *known
}

// known are the passwords that were right before: bcrypt is slow by intent, and
// every request has a password. They are kept as hashes under a key of this process.
type known struct {
	key  [32]byte
	mu   sync.Mutex // of seen
	seen map[[32]byte]bool
	slow chan struct{} // one bcrypt at a time: guessing must not take every core
	wait chan struct{} // nor may guesses pile up
}

// mostGuesses is how many passwords that were not right before may wait to be compared.
const mostGuesses = 16

// WrongAddress is the error of an address to listen at that is none, or that other
// machines reach without a certificate or a secret.
type WrongAddress struct{ Addr, What string }

func (w *WrongAddress) Error() string { return fmt.Sprintf("%q %s", w.Addr, w.What) }

func unsafeAddress(addr, lacks string) error {
	return &WrongAddress{addr, fmt.Sprintf("may be reached from other machines, and there is no %s; give --tls-cert and --tls-key, and --token-file or --users, or listen on 127.0.0.1", lacks)}
}

// LoadUsers loads a file of name:hash lines, as htpasswd -B writes it.
func LoadUsers(path string) (map[string]string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	users := map[string]string{}
	lines := bufio.NewScanner(bytes.NewReader(content))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, hash, ok := strings.Cut(line, ":")
		if _, err := bcrypt.Cost([]byte(hash)); !ok || name == "" || err != nil {
			return nil, fmt.Errorf("%s:%d: no name with the bcrypt hash of a password; htpasswd -B writes such lines", path, n)
		}
		users[name] = hash
	}
	if len(users) == 0 {
		return nil, fmt.Errorf("%s: no user in it; htpasswd -B writes one", path)
	}
	return users, lines.Err()
}

// leastToken is the length of the shortest token that is not to be guessed.
const leastToken = 16

// LoadToken loads a token from a file.
func LoadToken(path string) (string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	token, err := ParseToken(string(content))
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return token, nil
}

// ParseToken takes the blanks off a token, and refuses one that can be guessed.
func ParseToken(s string) (string, error) {
	s = strings.TrimSpace(s)
	if len(s) < leastToken || strings.ContainsAny(s, " \t\r\n") {
		return "", fmt.Errorf("a token is one word of at least %d letters or digits; openssl rand -hex 32 makes one", leastToken)
	}
	return s, nil
}

// secret reports whether a secret is asked for.
func (a *Access) secret() bool { return a.Token != "" || len(a.Users) > 0 }

// allows refuses an address that would be open to others.
func (a *Access) allows(addr, host string) error {
	switch {
	case isLoopback(hostKey(host)):
		return nil
	case a.Certificate == nil:
		return unsafeAddress(addr, "certificate")
	case !a.secret():
		return unsafeAddress(addr, "token or user")
	}
	return nil
}

// isNamed reports whether the certificate is for a host.
func (a *Access) isNamed(host string) bool {
	return a.Certificate != nil && a.Certificate.Leaf != nil && a.Certificate.Leaf.VerifyHostname(host) == nil
}

// name is a host that the certificate is for; "localhost" where it names none.
func (a *Access) name() string {
	if a.Certificate != nil && a.Certificate.Leaf != nil {
		for _, name := range a.Certificate.Leaf.DNSNames {
			if !strings.HasPrefix(name, "*") {
				return name
			}
		}
		for _, ip := range a.Certificate.Leaf.IPAddresses {
			return ip.String()
		}
	}
	return "localhost"
}

func (a *Access) tls() *tls.Config {
	if a.Certificate == nil {
		return nil
	}
	current := a.Renewed
	if current == nil {
		current = func() *tls.Certificate { return a.Certificate }
	}
	return &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return current(), nil },
		MinVersion:     tls.VersionTLS12,
	}
}

// LoadCertificate loads a certificate and its key, PEM, into a, and again when the files
// have changed: certificates are renewed every few weeks.
func (a *Access) LoadCertificate(cert, key string) error {
	files := &certificateFiles{paths: [2]string{cert, key}}
	if err := files.load(); err != nil {
		return err
	}
	a.Certificate, a.Renewed = files.pair, files.current
	return nil
}

// certificateFiles are those of a certificate and its key.
type certificateFiles struct {
	paths [2]string
	mu    sync.Mutex
	times [2]time.Time // of the files that pair is from
	pair  *tls.Certificate
}

// current gives the certificate of now. While the files do not belong together, as when
// one has come before the other, those before them serve.
func (c *certificateFiles) current() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.load() // tried again at the next connection
	return c.pair
}

// load loads the files where they have changed.
func (c *certificateFiles) load() error {
	var times [2]time.Time
	for i, path := range c.paths {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		times[i] = info.ModTime()
	}
	if c.pair != nil && times == c.times {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.paths[0], c.paths[1])
	if err != nil {
		return err
	}
	c.pair, c.times = &pair, times
	return nil
}

var (
	errWho     = errors.New("who asks is not known")
	errGuesses = refuse(http.StatusServiceUnavailable, "too many passwords are being compared; try again in a second")
)

// check asks who a request is from.
func (a *Access) check(r *http.Request) error {
	if !a.secret() || a.isBearer(r) {
		return nil
	}
	return a.checkUser(r)
}

func (a *Access) isToken(s string) bool {
	given, want := sha256.Sum256([]byte(s)), sha256.Sum256([]byte(a.Token))
	return a.Token != "" && subtle.ConstantTimeCompare(given[:], want[:]) == 1
}

func (a *Access) isBearer(r *http.Request) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Bearer") && a.isToken(strings.TrimSpace(token))
}

func (a *Access) checkUser(r *http.Request) error {
	name, password, ok := r.BasicAuth()
	switch {
	case !ok:
		return errWho
	case a.isToken(password):
		return nil
	case len(a.Users) == 0:
		return errWho
	}
	// A name that there is not takes as long as one that there is.
	hash, ok := a.Users[name]
	for _, other := range a.Users {
		if !ok {
			hash = other
		}
	}
	switch is, err := a.known.is(r.Context(), name, password, hash); {
	case err != nil:
		return err
	case !is || !ok:
		return errWho
	}
	return nil
}

func newKnown() *known {
	k := &known{seen: map[[32]byte]bool{}, slow: make(chan struct{}, 1), wait: make(chan struct{}, mostGuesses)}
	_, _ = rand.Read(k.key[:]) // never fails
	return k
}

// is reports whether a password is the one of a hash. The error says that too many
// wait to be told, or that who asked is gone.
func (k *known) is(ctx context.Context, name, password, hash string) (bool, error) {
	sum := sha256.Sum256(fmt.Appendf(k.key[:], "%d:%s%s%s", len(name), name, hash, password))
	if k.has(sum) {
		return true, nil
	}
	select {
	case k.wait <- struct{}{}:
		defer func() { <-k.wait }()
	default:
		return false, errGuesses
	}
	select {
	case k.slow <- struct{}{}:
		defer func() { <-k.slow }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)) != nil {
		return false, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.seen[sum] = true
	return true, nil
}

func (k *known) has(sum [32]byte) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.seen[sum]
}
