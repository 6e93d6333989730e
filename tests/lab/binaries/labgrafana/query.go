package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const scrapeInterval = 15 * time.Second // Grafana's, unless the data source's jsonData.timeInterval says otherwise

// query is one of POST /api/ds/query, as a panel asks it.
type query struct {
	RefID      string `json:"refId"`
	Datasource struct{ UID string }
	Expr       string
	Instant    bool
	Range      bool
	IntervalMs int64 `json:"intervalMs"`
}

// span is when a question begins and ends, and its step.
type span struct {
	from, to time.Time
	step     time.Duration
}

type series struct {
	Metric map[string]string
	Value  []any   // of a vector: seconds, "value"
	Values [][]any // of a matrix
}

func (c catalogue) query(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Queries  []query
		From, To string
	}
	if json.NewDecoder(r.Body).Decode(&ask) != nil || len(ask.Queries) == 0 {
		say(w, 400, "query.noQueries", "No queries found")
		return
	}
	results, code := map[string]any{}, 200
	for _, q := range ask.Queries {
		var source *datasource
		for i := range c {
			if c[i].UID == q.Datasource.UID {
				source = &c[i]
			}
		}
		if source == nil {
			say(w, 404, "datasource.notFound", "Data source not found")
			return
		}
		when, err := spanOf(ask.From, ask.To, q.IntervalMs)
		frames := []any{}
		if err == nil {
			frames, err = answer(source.URL, q, when)
		}
		if err != nil {
			results[q.RefID], code = map[string]any{"error": err.Error(), "errorSource": "downstream", "status": 400}, 400
			continue
		}
		results[q.RefID] = map[string]any{"status": 200, "frames": frames}
	}
	reply(w, code, map[string]any{"results": results})
}

func answer(base string, q query, when span) ([]any, error) {
	expr, frames := substituted(q.Expr, when), []any{}
	seconds := func(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64) }
	if q.Instant {
		more, err := ask(base, "query", q.RefID, expr, when, url.Values{"time": {seconds(when.to)}})
		if err != nil {
			return nil, err
		}
		frames = append(frames, more...)
	}
	if q.Range || !q.Instant {
		step := strconv.FormatFloat(when.step.Seconds(), 'f', -1, 64)
		more, err := ask(base, "query_range", q.RefID, expr, when, url.Values{"start": {seconds(when.from)}, "end": {seconds(when.to)}, "step": {step}})
		if err != nil {
			return nil, err
		}
		frames = append(frames, more...)
	}
	return frames, nil
}

// ask puts the question to Prometheus, and its answer into frames: one for each series.
func ask(base, what, refID, expr string, when span, more url.Values) ([]any, error) {
	more.Set("query", expr)
	client := http.Client{Timeout: 30 * time.Second}
	resp, err := client.PostForm(strings.TrimRight(base, "/")+"/api/v1/"+what, more)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var said struct {
		Status, ErrorType, Error string
		Data                     struct {
			ResultType string
			Result     json.RawMessage
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&said); err != nil {
		return nil, fmt.Errorf("%s: not Prometheus's answer", resp.Status)
	}
	if said.Status != "success" {
		return nil, fmt.Errorf("%s: %s", said.ErrorType, said.Error)
	}
	list := []series{}
	if said.Data.ResultType == "scalar" || said.Data.ResultType == "string" {
		one := series{}
		err, list = json.Unmarshal(said.Data.Result, &one.Value), append(list, one)
	} else {
		err = json.Unmarshal(said.Data.Result, &list)
	}
	kind := map[string]string{"vector": "numeric-multi", "scalar": "numeric-multi", "matrix": "timeseries-multi"}[said.Data.ResultType]
	meta := map[string]any{"type": kind, "typeVersion": []int{0, 1}, "custom": map[string]any{"resultType": said.Data.ResultType},
		"executedQueryString": "Expr: " + expr + "\nStep: " + when.step.String()}
	frames := []any{}
	for _, s := range list {
		frames = append(frames, frame(refID, meta, s))
	}
	if len(list) == 0 {
		frames = append(frames, map[string]any{"schema": map[string]any{"refId": refID, "meta": meta, "fields": []any{}},
			"data": map[string]any{"values": []any{}}})
	}
	return frames, err
}

func frame(refID string, meta map[string]any, s series) any {
	points := s.Values
	if s.Value != nil {
		points = [][]any{s.Value}
	}
	times, values, odd := []int64{}, []any{}, map[string][]int{} // JSON has no NaN and no infinity: null, and a note
	for i, point := range points {
		at, _ := point[0].(float64)
		number, _ := strconv.ParseFloat(fmt.Sprint(point[1]), 64)
		times = append(times, int64(math.Round(at*1000)))
		switch {
		case math.IsNaN(number):
			odd["NaN"] = append(odd["NaN"], i)
		case math.IsInf(number, 1):
			odd["Inf"] = append(odd["Inf"], i)
		case math.IsInf(number, -1):
			odd["NegInf"] = append(odd["NegInf"], i)
		default:
			values = append(values, number)
			continue
		}
		values = append(values, nil)
	}
	data := map[string]any{"values": []any{times, values}}
	if len(odd) > 0 {
		data["entities"] = []any{nil, odd}
	}
	value := map[string]any{"name": "Value", "type": "number", "typeInfo": map[string]any{"frame": "float64"}, "config": map[string]any{}}
	if len(s.Metric) > 0 {
		value["labels"] = s.Metric
	}
	at := map[string]any{"name": "Time", "type": "time", "typeInfo": map[string]any{"frame": "time.Time"}, "config": map[string]any{}}
	return map[string]any{"schema": map[string]any{"refId": refID, "meta": meta, "fields": []any{at, value}}, "data": data}
}

// substituted fills in the variables that Grafana's server knows; a dashboard's own are the browser's business.
func substituted(expr string, when span) string {
	rate := max(when.step+scrapeInterval, 4*scrapeInterval)
	whole := when.to.Sub(when.from)
	known := map[string]string{"__rate_interval": short(rate), "__interval": short(when.step), "__range": short(whole),
		"__interval_ms": fmt.Sprint(when.step.Milliseconds()), "__range_s": fmt.Sprint(int(whole.Seconds())), "__range_ms": fmt.Sprint(whole.Milliseconds())}
	return regexp.MustCompile(`\$(\w+)|\$\{(\w+)\}`).ReplaceAllStringFunc(expr, func(found string) string {
		if text, ok := known[strings.Trim(found, "${}")]; ok {
			return text
		}
		return found
	})
}

func short(d time.Duration) string { return fmt.Sprintf("%dms", d.Milliseconds()) }

func spanOf(from, to string, intervalMs int64) (s span, err error) {
	if s.from, err = moment(from, "now-1h"); err != nil {
		return s, err
	}
	if s.to, err = moment(to, "now"); err != nil {
		return s, err
	}
	if !s.to.After(s.from) {
		return s, errors.New("the time range ends before it begins")
	}
	s.step = max(time.Duration(intervalMs)*time.Millisecond, scrapeInterval, (s.to.Sub(s.from) / 11000).Round(time.Second)) // Prometheus gives 11000 points at most
	return s, nil
}

// moment is what Grafana's API takes: milliseconds, now, now-6h.
func moment(text, fallback string) (time.Time, error) {
	if text == "" {
		text = fallback
	}
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.UnixMilli(ms), nil
	}
	found := regexp.MustCompile(`^now(?:-(\d+)([smhd]))?$`).FindStringSubmatch(text)
	if found == nil {
		return time.Time{}, fmt.Errorf("failed to parse the time %q", text)
	}
	count, _ := strconv.Atoi(found[1])
	unit := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[found[2]]
	return time.Now().Add(-time.Duration(count) * unit), nil
}
