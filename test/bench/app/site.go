// site ADDRESS VERSION-FILE GRACE: the site under tableflip, as its documentation has it: SIGHUP upgrades, and what the old process
// has begun it finishes within GRACE, as net/http does: idle connections end, requests in flight are answered.
package main

import (
	"context"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/cloudflare/tableflip"
	"github.com/gorilla/websocket"
)

type site struct {
	version  string
	upgrader websocket.Upgrader
	mutex    sync.Mutex
	talks    map[*websocket.Conn]bool
}

func (s *site) answer(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/slow" {
		ms, _ := strconv.Atoi(r.URL.Query().Get("ms"))
		time.Sleep(time.Duration(ms) * time.Millisecond)
	}
	w.Header().Set("X-Version", s.version)
	io.WriteString(w, "ok\n")
}

func (s *site) talk(w http.ResponseWriter, r *http.Request) {
	conn, err := s.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	s.mutex.Lock()
	s.talks[conn] = true
	s.mutex.Unlock()
	for {
		kind, _, err := conn.ReadMessage()
		if err != nil || conn.WriteMessage(kind, []byte(s.version)) != nil {
			break
		}
	}
	s.mutex.Lock()
	delete(s.talks, conn)
	s.mutex.Unlock()
	conn.Close()
}

func (s *site) endTalks() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	away := websocket.FormatCloseMessage(websocket.CloseGoingAway, "")
	for conn := range s.talks {
		conn.WriteControl(websocket.CloseMessage, away, time.Now().Add(time.Second))
	}
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	version, err := os.ReadFile(os.Args[2])
	must(err)
	grace, err := time.ParseDuration(os.Args[3])
	must(err)
	flip, err := tableflip.New(tableflip.Options{})
	must(err)
	defer flip.Stop()
	go func() {
		hangUps := make(chan os.Signal, 1)
		signal.Notify(hangUps, syscall.SIGHUP)
		for range hangUps {
			if err := flip.Upgrade(); err != nil {
				log.Println("upgrade failed:", err)
			}
		}
	}()
	listener, err := flip.Listen("tcp", os.Args[1])
	must(err)

	s := &site{version: strings.TrimSpace(string(version)), talks: map[*websocket.Conn]bool{}}
	routes := http.NewServeMux()
	routes.HandleFunc("/", s.answer)
	routes.HandleFunc("/talk", s.talk)
	server := &http.Server{Handler: routes, IdleTimeout: 10 * time.Minute}
	server.RegisterOnShutdown(s.endTalks)
	go func() {
		if err := server.Serve(listener); err != http.ErrServerClosed {
			log.Fatal(err)
		}
	}()
	must(flip.Ready())
	<-flip.Exit()
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	server.Shutdown(ctx)
}
