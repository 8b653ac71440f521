package main

import (
	"archive/zip"
	"bytes"
	"database/sql"
	"encoding/json"
	"html/template"
	"image/png"
	"net/http"
)

var page = template.Must(template.New("page").Parse("<p>{{.}}</p>"))

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { page.Execute(w, r.URL.Path) })
	http.HandleFunc("/json", func(w http.ResponseWriter, r *http.Request) { json.NewEncoder(w).Encode(sql.Drivers()) })
	http.HandleFunc("/zip", func(w http.ResponseWriter, r *http.Request) { zip.NewWriter(w).Close() })
	http.HandleFunc("/png", func(w http.ResponseWriter, r *http.Request) { png.Decode(bytes.NewReader(nil)) })
	http.ListenAndServe(":8080", nil)
}
