package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"sync"
	"time"

	"gopkg.in/yaml.v3"
)

// provider is one entry of provisioning/dashboards/*.yaml: a folder of JSON files that is read again and again.
type provider struct {
	Name     string `yaml:"name"`
	OrgID    int    `yaml:"orgId"`
	Folder   string `yaml:"folder"`
	Type     string `yaml:"type"`
	Interval int    `yaml:"updateIntervalSeconds"`
	Options  struct {
		Path string `yaml:"path"`
	} `yaml:"options"`
}

type dashboard struct {
	uid, title, file, folder string
	tags                     []string
	json                     map[string]any
}

// shelf is all dashboards at the moment, in the order of providers and files.
type shelf struct {
	sync.RWMutex
	providers []provider
	boards    []dashboard
	told      string // the errors that were logged last
}

// openShelf reads the providers, which must be right, and the dashboards, of which the wrong ones are logged and left out.
func openShelf(dir string) *shelf {
	s := &shelf{}
	for _, file := range yamls(filepath.Join(dir, "dashboards")) {
		b, err := os.ReadFile(file)
		if err != nil {
			fatal("Failed to read dashboards config: %v", err)
		}
		var doc struct {
			Providers []provider `yaml:"providers"`
		}
		if err := yaml.Unmarshal(b, &doc); err != nil {
			fatal("Failed to read dashboards config: %s: %v", file, err)
		}
		for _, p := range doc.Providers {
			p.Options.Path = os.ExpandEnv(p.Options.Path)
			s.add(file, p)
		}
	}
	s.refresh()
	return s
}

func (s *shelf) add(file string, p provider) {
	if p.Type == "" {
		p.Type = "file"
	}
	if p.Name == "" || p.Type != "file" || p.Options.Path == "" {
		fatal("Failed to provision dashboards: %s: a provider needs a name, the type file and options.path", file)
	}
	for _, other := range s.providers {
		if other.Name == p.Name {
			fatal("Failed to provision dashboards: dashboard name %q is not unique", p.Name)
		}
	}
	if p.Interval == 0 {
		p.Interval = 10
	}
	s.providers = append(s.providers, p)
}

// watch reads the folders again at the shortest interval that a provider wants.
func (s *shelf) watch() {
	if len(s.providers) == 0 {
		return
	}
	wait := s.providers[0].Interval
	for _, p := range s.providers {
		wait = min(wait, p.Interval)
	}
	for range time.Tick(time.Duration(wait) * time.Second) {
		s.refresh()
	}
}

func (s *shelf) refresh() {
	boards, seen, wrong := []dashboard{}, map[string]string{}, []string{}
	for _, p := range s.providers {
		files, err := jsons(p.Options.Path)
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("msg=\"failed to search for dashboards\" name=%q error=%q", p.Name, err))
		}
		for _, file := range files {
			board, err := readDashboard(file)
			if err == nil && seen[board.uid] != "" {
				err = fmt.Errorf("the same UID is used more than once: %s, also in %s", board.uid, seen[board.uid])
			}
			if err != nil {
				wrong = append(wrong, fmt.Sprintf("msg=\"failed to load dashboard from \" file=%s error=%q", file, err))
				continue
			}
			board.folder, seen[board.uid] = p.Folder, file
			boards = append(boards, board)
		}
	}
	s.Lock()
	defer s.Unlock()
	if told := strings.Join(wrong, "\n"); told != s.told {
		for _, line := range wrong {
			log.Print("logger=provisioning.dashboard level=error " + line)
		}
		s.told = told
	}
	if len(boards) != len(s.boards) {
		log.Printf("logger=provisioning.dashboard level=info msg=\"%d dashboards\"", len(boards))
	}
	s.boards = boards
}

func yamls(dir string) []string {
	files, _ := filepath.Glob(filepath.Join(dir, "*.y*ml"))
	sort.Strings(files)
	return files
}

// jsons are the *.json files below a folder. Hidden folders are left out: in a ConfigMap's volume they hold the same files once more.
func jsons(dir string) (files []string, err error) {
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, err
	}
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != dir && strings.HasPrefix(entry.Name(), ".") {
			return fs.SkipDir
		}
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && strings.HasSuffix(path, ".json") {
			files = append(files, path)
		}
		return nil
	})
	return files, err
}

// readDashboard is stricter than Grafana in one thing: a dashboard without a uid, for which Grafana makes one up, is refused.
func readDashboard(file string) (d dashboard, err error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return d, err
	}
	if err = json.Unmarshal(b, &d.json); err != nil {
		return d, err
	}
	d.uid, _ = d.json["uid"].(string)
	d.title, _ = d.json["title"].(string)
	d.file = filepath.Base(file)
	switch tags := d.json["tags"].(type) {
	case nil:
	case []any:
		for _, tag := range tags {
			d.tags = append(d.tags, fmt.Sprint(tag))
		}
	default:
		return d, errors.New("tags is no list")
	}
	switch {
	case d.title == "":
		err = errors.New("Dashboard title cannot be empty")
	case d.uid == "":
		err = errors.New("dashboard has no uid (the lab's stand-in wants one)")
	case len(d.uid) > 40 || !regexp.MustCompile(`^[a-zA-Z0-9_-]+$`).MatchString(d.uid):
		err = errors.New("uid contains illegal characters or is longer than 40")
	}
	return d, err
}

func (d dashboard) slug() string {
	return strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(d.title), "-"), "-")
}

func (d dashboard) url() string { return "/d/" + d.uid + "/" + d.slug() }

func (s *shelf) search(w http.ResponseWriter, r *http.Request) {
	ask, found := r.URL.Query(), []map[string]any{}
	s.RLock()
	defer s.RUnlock()
	for i, d := range s.boards {
		kind := ask.Get("type")
		if (kind != "" && kind != "dash-db") || !strings.Contains(strings.ToLower(d.title), strings.ToLower(ask.Get("query"))) || !has(d.tags, ask["tag"]) {
			continue
		}
		entry := map[string]any{"id": i + 1, "uid": d.uid, "orgId": 1, "title": d.title, "uri": "db/" + d.slug(), "url": d.url(), "slug": "",
			"type": "dash-db", "tags": append([]string{}, d.tags...), "isStarred": false, "sortMeta": 0, "isDeleted": false}
		if d.folder != "" {
			entry["folderTitle"], entry["folderUid"] = d.folder, hash("", d.folder)[:14]
		}
		found = append(found, entry)
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i]["title"].(string) < found[j]["title"].(string) })
	reply(w, 200, found)
}

func has(tags, wanted []string) bool {
	for _, tag := range wanted {
		if !strings.Contains("\n"+strings.Join(tags, "\n")+"\n", "\n"+tag+"\n") {
			return false
		}
	}
	return true
}

func (s *shelf) show(w http.ResponseWriter, r *http.Request) {
	s.RLock()
	defer s.RUnlock()
	for i, d := range s.boards {
		if d.uid != r.PathValue("uid") {
			continue
		}
		body := map[string]any{"id": i + 1, "version": 1}
		for key, value := range d.json {
			if _, ours := body[key]; !ours {
				body[key] = value
			}
		}
		reply(w, 200, map[string]any{"dashboard": body, "meta": map[string]any{"type": "db", "slug": d.slug(), "url": d.url(), "canSave": true,
			"canEdit": true, "version": 1, "folderTitle": d.folder, "provisioned": true, "provisionedExternalId": d.file}})
		return
	}
	reply(w, 404, map[string]any{"message": "Dashboard not found", "status": "not-found"})
}
