package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

type datasource struct {
	ID        int            `yaml:"-" json:"id"`
	UID       string         `yaml:"uid" json:"uid"`
	OrgID     int            `yaml:"orgId" json:"orgId"`
	Name      string         `yaml:"name" json:"name"`
	Type      string         `yaml:"type" json:"type"`
	Access    string         `yaml:"access" json:"access"`
	URL       string         `yaml:"url" json:"url"`
	BasicAuth bool           `yaml:"basicAuth" json:"basicAuth"`
	IsDefault bool           `yaml:"isDefault" json:"isDefault"`
	JSONData  map[string]any `yaml:"jsonData" json:"jsonData"`
	Editable  bool           `yaml:"editable" json:"-"`
	ReadOnly  bool           `yaml:"-" json:"readOnly"`
}

// catalogue is the provisioned data sources, as they were at the start.
type catalogue []datasource

func openCatalogue(dir string) catalogue {
	list := catalogue{}
	defaults := 0
	for _, file := range yamls(filepath.Join(dir, "datasources")) {
		b, err := os.ReadFile(file)
		if err != nil {
			fatal("Failed to read datasource provisioning: %v", err)
		}
		var doc struct{ Datasources []datasource }
		if err := yaml.Unmarshal([]byte(os.ExpandEnv(string(b))), &doc); err != nil {
			fatal("Datasource provisioning error: %s: %v", file, err)
		}
		for _, d := range doc.Datasources {
			if d.Name == "" || d.Type == "" {
				fatal("Datasource provisioning error: %s: a data source needs a name and a type", file)
			}
			if d.UID == "" {
				d.UID = "P" + strings.ToUpper(hash("", d.Name)[:16])
			}
			if d.OrgID == 0 {
				d.OrgID = 1
			}
			if d.Access == "" {
				d.Access = "proxy"
			}
			if d.IsDefault {
				defaults++
			}
			d.ID, d.ReadOnly = len(list)+1, !d.Editable
			list = append(list, d)
			log.Printf("inserting datasource from configuration name=%s uid=%s url=%s", d.Name, d.UID, d.URL)
		}
	}
	if defaults > 1 {
		fatal("Datasource provisioning error: datasource.yaml config is invalid. Only one datasource per organization can be marked as default")
	}
	return list
}

// with gives the handler the data source that the path names.
func (c catalogue) with(f func(http.ResponseWriter, *http.Request, datasource)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, d := range c {
			if d.UID == r.PathValue("uid") || r.PathValue("name") != "" && d.Name == r.PathValue("name") {
				f(w, r, d)
				return
			}
		}
		say(w, 404, "datasource.notFound", "Data source not found")
	}
}

func showSource(w http.ResponseWriter, _ *http.Request, d datasource) { reply(w, 200, d) }

// health asks Prometheus a question, as the data source's "Save & test" does.
func health(w http.ResponseWriter, _ *http.Request, d datasource) {
	client := http.Client{Timeout: 10 * time.Second}
	resp, err := client.Get(strings.TrimRight(d.URL, "/") + "/api/v1/query?query=1%2B1")
	if err == nil {
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		var answer struct{ Status string }
		if json.Unmarshal(body, &answer); answer.Status == "success" {
			reply(w, 200, map[string]any{"message": "Successfully queried the Prometheus API.", "status": "OK"})
			return
		}
		err = fmt.Errorf("%s: not Prometheus's answer", resp.Status)
	}
	reply(w, 400, map[string]any{"message": err.Error() + " - There was an error returned querying the Prometheus API.", "status": "ERROR"})
}

func proxy(w http.ResponseWriter, r *http.Request, d datasource) {
	target, err := url.Parse(d.URL)
	if err != nil || target.Host == "" {
		say(w, 400, "datasource.invalidURL", "The data source's URL is not valid: "+d.URL)
		return
	}
	(&httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.Out.URL.Path, p.Out.URL.RawPath = "/"+r.PathValue("path"), ""
		p.SetURL(target)
		p.Out.Header.Del("Authorization")
		p.Out.Header.Del("Cookie")
	}}).ServeHTTP(w, r)
}
