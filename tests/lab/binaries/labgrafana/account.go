package main

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	cookie        = "grafana_session"
	maxFailures   = 5 // as in Grafana: after so many wrong passwords even the right one is refused for a while
	failureWindow = 5 * time.Minute
	shortest      = 4
)

// account is what grafana.db keeps here. As in Grafana, the password of the environment counts at the first start
// only: a data folder that already has an account keeps its old password.
type account struct{ Note, User, Salt, Hash string }

// door knows who may come in. The database is read anew each time: `grafana cli` changes it under a running server.
type door struct {
	sync.Mutex
	db       string
	sessions map[string]bool // in memory: a restart logs everybody out, which Grafana does not
	failures []time.Time
}

func hash(salt, password string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(salt+password)))
}

func (a account) opens(user, password string) bool {
	return user == a.User && subtle.ConstantTimeCompare([]byte(hash(a.Salt, password)), []byte(a.Hash)) == 1
}

func openData(dir string) *door {
	if syscall.Access(dir, 2 /* W_OK */) != nil {
		fmt.Printf("GF_PATHS_DATA='%s' is not writable.\n", dir)
		fmt.Println("You may have issues with file permissions")
		fatal("mkdir: can't create directory '%s/plugins': Permission denied", dir)
	}
	d := &door{db: filepath.Join(dir, "grafana.db"), sessions: map[string]bool{}}
	if _, err := os.Stat(d.db); errors.Is(err, os.ErrNotExist) {
		d.write(account{User: env("GF_SECURITY_ADMIN_USER", "admin")}, env("GF_SECURITY_ADMIN_PASSWORD", "admin"))
	}
	d.read()
	if err := os.MkdirAll(filepath.Join(dir, "plugins"), 0o755); err != nil {
		fatal("%v", err)
	}
	return d
}

func (d *door) read() account {
	var a account
	b, err := os.ReadFile(d.db)
	if err != nil {
		fatal("%v", err)
	}
	if err := json.Unmarshal(b, &a); err != nil {
		fatal("%s: %v", d.db, err)
	}
	return a
}

// write keeps the account with a new password: a file that is there whole or not at all.
func (d *door) write(a account, password string) {
	a.Note, a.Salt = honest, rand.Text()
	a.Hash = hash(a.Salt, password)
	b, _ := json.Marshal(a)
	if err := os.WriteFile(d.db+".new", b, 0o640); err != nil {
		fatal("%v", err)
	}
	if err := os.Rename(d.db+".new", d.db); err != nil {
		fatal("%v", err)
	}
}

// admits judges a name and a password, and remembers the wrong ones.
func (d *door) admits(user, password string) bool {
	d.Lock()
	defer d.Unlock()
	recent := d.failures[:0]
	for _, at := range d.failures {
		if time.Since(at) < failureWindow {
			recent = append(recent, at)
		}
	}
	d.failures = recent
	if len(recent) >= maxFailures {
		log.Printf("too many consecutive incorrect login attempts for user - login for user temporarily blocked user=%s", user)
		return false
	}
	if d.read().opens(user, password) {
		return true
	}
	d.failures = append(d.failures, time.Now())
	return false
}

// private asks for the administrator first: by name and password, or by the cookie of a login.
func (d *door) private(f http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user, password, given := r.BasicAuth()
		if given && !d.admits(user, password) {
			say(w, 401, "password-auth.failed", "Invalid username or password")
			return
		}
		if !given && !d.knows(r) {
			say(w, 401, "auth.unauthorized", "Unauthorized")
			return
		}
		f(w, r)
	}
}

func (d *door) knows(r *http.Request) bool {
	c, err := r.Cookie(cookie)
	d.Lock()
	defer d.Unlock()
	return err == nil && d.sessions[c.Value]
}

func (d *door) login(w http.ResponseWriter, r *http.Request) {
	var ask struct{ User, Password string }
	if json.NewDecoder(r.Body).Decode(&ask) != nil {
		reply(w, 400, map[string]any{"message": "bad login data"})
		return
	}
	if !d.admits(ask.User, ask.Password) {
		say(w, 401, "password-auth.failed", "Invalid username or password")
		return
	}
	token := rand.Text()
	d.Lock()
	d.sessions[token] = true
	d.Unlock()
	http.SetCookie(w, &http.Cookie{Name: cookie, Value: token, Path: "/", MaxAge: 2592000, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	reply(w, 200, map[string]any{"message": "Logged in", "redirectUrl": "/"})
}

func (d *door) logout(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(cookie); err == nil {
		d.Lock()
		delete(d.sessions, c.Value)
		d.Unlock()
	}
	http.SetCookie(w, &http.Cookie{Name: cookie, Path: "/", MaxAge: -1})
	http.Redirect(w, r, "/login", http.StatusFound)
}

func (d *door) user(w http.ResponseWriter, r *http.Request) {
	name := d.read().User
	reply(w, 200, map[string]any{"id": 1, "login": name, "email": name + "@localhost", "name": "", "orgId": 1,
		"isGrafanaAdmin": true, "isDisabled": false, "isExternal": false})
}

func (d *door) changePassword(w http.ResponseWriter, r *http.Request) {
	var ask struct{ OldPassword, NewPassword, ConfirmNew string }
	a := d.read()
	switch {
	case json.NewDecoder(r.Body).Decode(&ask) != nil:
		say(w, 400, "bad-request", "bad request data")
	case !a.opens(a.User, ask.OldPassword):
		say(w, 401, "user.invalid-password", "Invalid old password")
	case len(ask.NewPassword) < shortest:
		say(w, 400, "password-policy.too-short", "New password is too short")
	default:
		d.write(a, ask.NewPassword)
		reply(w, 200, map[string]any{"message": "User password changed"})
	}
}

// cli is `grafana cli admin reset-admin-password NEW`, or with --password-from-stdin instead; it works while the server runs.
func cli(words []string) {
	for len(words) > 0 && strings.HasPrefix(words[0], "-") { // --homepath and the like
		words = words[1:]
	}
	if len(words) != 3 || words[0] != "admin" || words[1] != "reset-admin-password" {
		fatal("usage (of this %s): grafana cli admin reset-admin-password NEW", honest)
	}
	if words[2] == "--password-from-stdin" {
		fmt.Print("New Password: ")
		in := bufio.NewScanner(os.Stdin)
		in.Scan()
		words[2] = in.Text()
	}
	if len(words[2]) < shortest {
		fatal("Error: ✗ New password is too short")
	}
	d := openData(env("GF_PATHS_DATA", "/var/lib/grafana"))
	d.write(d.read(), words[2])
	fmt.Println("Admin password changed successfully ✔")
}
