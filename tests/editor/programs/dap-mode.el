;;; dap-mode.el --- Emacs as a client, without a window -*- lexical-binding: t -*-
;;
;;   emacs -q --batch -l dap-mode.el PID COMMAND...
;;
;; Attaches to the process PID by the server COMMAND. Whenever nothing has come from the server for a
;; moment, and the list of threads is another one than before, it is printed: "threads NAME, NAME...",
;; on stderr, since Emacs keeps what it writes to a pipe on stdout.
;; dap-mode asks for the whole list at each thread event, so it is behind for a while after a burst.

(require 'package)
(package-initialize)
(require 'dap-mode)

;; The last two as lsp-mode's manual recommends; the defaults double the time.
(setq dap-auto-show-output nil
      lsp-session-file (expand-file-name "lsp-session" (getenv "HOME"))
      dap-breakpoints-file (expand-file-name "breakpoints" (getenv "HOME"))
      gc-cons-threshold (* 100 1024 1024)
      read-process-output-max (* 1024 1024))

(defconst quiet-seconds 0.3)

(defun thread-names (session)
  (let ((threads (append (dap--debug-session-threads session) nil)))
    (string-join (sort (mapcar (lambda (thread) (gethash "name" thread)) threads) #'string<) ", ")))

(let ((pid (string-to-number (pop command-line-args-left)))
      (command command-line-args-left)
      (session nil)
      (printed ""))
  (setq command-line-args-left nil)
  (dap-register-debug-provider
   "dapserver" (lambda (conf) (plist-put conf :dap-server-path command)))
  (add-hook 'dap-session-created-hook (lambda (created) (setq session created)))
  (dap-debug (list :type "dapserver" :request "attach" :name "Attach" :processId pid))
  (while (process-live-p (dap--debug-session-proc session))
    (unless (accept-process-output nil quiet-seconds)
      (let ((names (thread-names session)))
        (unless (equal names printed)
          (setq printed names)
          (message "threads %s" names))))))

;;; dap-mode.el ends here
